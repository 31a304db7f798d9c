"""A bound row → its files in every format that is asked for, side by side, with a picture of what has no pixels."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace

from tirage.actions.draw_order import Output
from tirage.actions.picture_answer import PREVIEWED
from tirage.actions.render_request import Drawn, DrawnOutput, Row, draw_row
from tirage.context import Service
from tirage.engine import formats
from tirage.engine.options import OutputOptions

PREVIEW_WIDTH = 1080


async def draw_outputs(
    service: Service, rows: Mapping[str, Row], outputs: Sequence[tuple[str, Output]]
) -> list[DrawnOutput]:
    """All outputs, each with the name of its format as it was asked for; of a document also its first page.

    `rows` are by the size of the design that they are bound in. Raises RenderProblem.
    """
    if len(outputs) == 1 and not _needs_preview(outputs[0][1]):
        output = outputs[0][1]
        return [await draw_row(service, rows[output.size], output)]
    shown = {output.size for _, output in outputs if _needs_preview(output)}
    previews = [draw_row(service, rows[size], _preview(rows[size])) for size in shown]
    work = [draw_row(service, rows[output.size], output) for _, output in outputs]
    drawn = await asyncio.gather(*previews, *work)
    pictures = {size: each.files[0] for size, each in zip(shown, drawn, strict=False)}
    return [_shown(each, pictures.get(each.output.size)) for each in drawn[len(previews) :]]


def _needs_preview(output: Output) -> bool:
    return formats.get(output.format).extension in PREVIEWED


def _preview(row: Row) -> Output:
    scale = min(1.0, max(0.1, PREVIEW_WIDTH / row.bound.pages[0].width))
    return Output("png", OutputOptions(scale=scale))


def _shown(drawn: DrawnOutput, picture: Drawn | None) -> DrawnOutput:
    """A document with the picture of its first page: it has no pixels of its own, and its colours are those."""
    if picture is None:
        return drawn
    files = tuple(each if each.palette else replace(each, palette=picture.palette) for each in drawn.files)
    return replace(drawn, files=files, preview=picture if _needs_preview(drawn.output) else None)
