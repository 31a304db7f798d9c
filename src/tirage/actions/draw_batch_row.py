"""A row of a batch → its files, every one of them stored; those that another batch has already are taken from there."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import orjson

from tirage.actions.batch_outputs import Wanted
from tirage.actions.destinations import Delivery
from tirage.actions.keep_pictures import PATHS, Asked, KeptFile, file_of, store
from tirage.actions.open_design import Design, in_size
from tirage.actions.origin import origin_of
from tirage.actions.render_request import Row, drawn_output, order_of, origin_of_row, read_row, recipe_of
from tirage.actions.table_child import problem_text
from tirage.context import Service
from tirage.engine.errors import RenderProblem, ResourceProblem, RowProblem, TemplateProblem
from tirage.engine.template import Json
from tirage.faults import fault
from tirage.store.batch_files import file_label, same_pictures
from tirage.store.batches import Batch, PendingRow


@dataclass(frozen=True, slots=True)
class FinishedRow:
    """What a row became: its files, or the ids of pictures that were there; or its problem as JSON."""

    number: int
    files: tuple[KeptFile | str, ...] = ()
    problem: str = ""


class RowDrawing:
    """Draws rows of one batch, each as often as is wanted. `base` is the batch whose pictures are taken where equal."""

    def __init__(
        self,
        service: Service,
        batch: Batch,
        wanted: Sequence[tuple[Wanted, Design]],
        delivery: Delivery,
        base: str | None,
    ) -> None:
        self._service = service
        self._batch = batch
        self._wanted = wanted
        self._delivery = delivery
        # What is handed over to a bucket is drawn: the bytes are needed.
        self._base = None if delivery.wanted else base
        self._secret = service.vault.derive(PATHS)

    async def draw(self, row: PendingRow) -> FinishedRow:
        """The row's files, stored under keys that are the same whenever it is drawn. Raises StorageProblem."""
        values = orjson.loads(row.row_values)
        read: dict[tuple[str, str, str], Row] = {}
        made: list[tuple[str, KeptFile | str]] = []
        try:
            for place in range(len(self._wanted)):
                made += await self._output(row, values, place, read)
        except (RowProblem, ResourceProblem, RenderProblem, TemplateProblem) as error:
            return FinishedRow(row.number, problem=problem_text(error.problems[0]))
        drawn = [(label, each) for label, each in made if isinstance(each, KeptFile)]
        undelivered = await self._delivery.hand_over(row.name, drawn)
        if undelivered is not None:
            return FinishedRow(row.number, problem=problem_text(undelivered))
        files = [each if isinstance(each, str) else await self._stored(each) for _, each in made]
        fault("stored")
        return FinishedRow(row.number, tuple(files))

    async def _stored(self, file: KeptFile) -> KeptFile:
        """The file in storage, without its bytes: a chunk's results wait for each other."""
        return replace(await store(self._service, file), data=b"")

    async def _output(
        self, row: PendingRow, values: Mapping[str, Json], place: int, read: dict[tuple[str, str, str], Row]
    ) -> list[tuple[str, KeptFile | str]]:
        """The files of one output with their labels; `read` are the bindings that outputs share."""
        service = self._service
        wanted, design = self._wanted[place]
        output = wanted.output
        key = (wanted.template, output.size, output.locale)
        if key not in read:
            sized = in_size(design, output.size)
            read[key] = await read_row(service, sized, (), values=values, locale=output.locale or None)
            fault("fetched")
        bound = read[key]
        if self._base is not None:
            recipe = bytes.fromhex(recipe_of(service, bound, output))
            async with service.database.workspace(self._batch.workspace_id) as tx:
                there = await same_pictures(tx, self._base, recipe, row.number)
            if there:
                return [("", each) for each in there]
        order = order_of(service, bound, output)
        reply = await asyncio.wrap_future(service.pool.submit(order.job))
        fault("rendered")
        drawn = drawn_output(output, order.recipe, reply, bound.bound, origin_of([origin_of_row(service, bound)]))
        # The path is of batch, row and output: a row that is drawn again after a crash writes the same objects.
        asked = Asked(f"batch {self._batch.id} row {row.number}", (), values)
        files = [file_of(self._secret, design, asked, wanted.format, place, drawn, each) for each in drawn.files]
        of_other = "" if wanted.template == self._batch.template_id else wanted.template
        return [
            (file_label(of_other, output.size, output.locale, each.new.page_index if len(files) > 1 else None), each)
            for each in files
        ]
