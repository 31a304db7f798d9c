"""What each row of a batch becomes: designs, sizes, formats and languages, as asked for and as kept."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import orjson

from tirage.actions.draw_order import Output
from tirage.actions.open_design import Design
from tirage.engine import formats
from tirage.engine.errors import Problem, RowProblem
from tirage.engine.options import OutputOptions, members
from tirage.engine.sizes import chosen_sizes
from tirage.store.batches import Batch

MAX_OUTPUTS = 20
"""Files of one row, pages not counted."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """One file of every row: of which version of which design, and how. `format` is its name as it was asked for."""

    template: str
    version: int
    format: str
    output: Output


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for of every row, beside the designs; where nothing is said, one file of the design as it is."""

    formats: Sequence[str]
    sizes: Sequence[str] = ()
    locales: Sequence[str] = ()
    options: OutputOptions = field(default_factory=OutputOptions)


def wanted_of(designs: Sequence[Design], wishes: Wishes) -> tuple[Wanted, ...]:
    """Every combination, designs first. Raises TemplateProblem `size_unknown`, RowProblem `outputs_too_many`."""
    found = tuple(
        Wanted(
            design.id,
            design.version,
            name.lower(),
            Output(formats.get(name).name, wishes.options, size, locale),
        )
        for design in designs
        for size in (chosen_sizes(design.template, list(wishes.sizes)) if wishes.sizes else ("",))
        for locale in wishes.locales or ("",)
        for name in wishes.formats
    )
    if len(found) > MAX_OUTPUTS:
        message = f"Every row would become {len(found)} files; a batch makes at most {MAX_OUTPUTS} of each."
        raise RowProblem(Problem("outputs_too_many", message))
    return found


def wanted_text(wanted: Sequence[Wanted]) -> str:
    """As an order keeps it."""
    return orjson.dumps([_entry(each) for each in wanted]).decode()


def read_wanted(text: str, batch: Batch) -> tuple[Wanted, ...]:
    """From an order; one that says nothing, such as those from before, is of the batch's own design and format."""
    told: list[dict[str, Any]] = orjson.loads(text)
    if not told:
        output = Output(formats.get(batch.format).name)
        return (Wanted(batch.template_id, batch.template_version, batch.format, output),)
    return tuple(
        Wanted(
            each["template"],
            each["version"],
            each["format"],
            Output(formats.get(each["format"]).name, OutputOptions(**each["options"]), each["size"], each["locale"]),
        )
        for each in told
    )


def _entry(wanted: Wanted) -> Mapping[str, Any]:
    output = wanted.output
    return {
        "template": wanted.template,
        "version": wanted.version,
        "format": wanted.format,
        "options": dict(members(output.options)),
        "size": output.size,
        "locale": output.locale,
    }
