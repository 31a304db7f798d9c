"""A bound row → its files in every format that is asked for, side by side, with a picture of what has no pixels."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from tirage.actions.draw_order import Output
from tirage.actions.picture_answer import PREVIEWED
from tirage.actions.render_request import Drawn, DrawnOutput, Row, draw_row
from tirage.context import Service
from tirage.engine import formats
from tirage.engine.options import OutputOptions

PREVIEW_WIDTH = 1080


async def draw_outputs(
    service: Service, row: Row, outputs: Sequence[tuple[str, Output]]
) -> tuple[list[DrawnOutput], Drawn | None]:
    """All outputs, each with the name of its format as it was asked for; for a document also its first page.

    Raises RenderProblem.
    """
    work = [draw_row(service, row, output) for _, output in outputs]
    if any(formats.get(output.format).extension in PREVIEWED for _, output in outputs):
        width = row.design.template.document.pages[0].width
        scale = min(1.0, max(0.1, PREVIEW_WIDTH / width))
        work.append(draw_row(service, row, Output("png", OutputOptions(scale=scale))))
    drawn = await asyncio.gather(*work)
    if len(drawn) == len(outputs):
        return drawn, None
    # The document has no pixels of its own: its colours are those of the picture of its first page.
    shown = drawn.pop().files[0]
    return [_coloured(each, shown) for each in drawn], shown


def _coloured(drawn: DrawnOutput, shown: Drawn) -> DrawnOutput:
    files = tuple(each if each.palette else replace(each, palette=shown.palette) for each in drawn.files)
    return replace(drawn, files=files)
