"""A check's worst rows → one picture that shows them with their numbers and what is wrong."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

import orjson

from tirage.actions.check_table import TableCheck
from tirage.actions.contact_sheet import draw_contact_sheet
from tirage.actions.files import write_whole
from tirage.actions.ranking import weight
from tirage.actions.render_image import render_image
from tirage.actions.row_jobs import Output
from tirage.actions.run_folder import MANIFEST
from tirage.context import Context
from tirage.engine import formats
from tirage.engine.errors import TirageError


def draw_worst_sheet(context: Context, found: TableCheck, target: Path, title: str) -> Path | None:
    """Draw the worst rows that can be drawn, up to ten; None where no row has a finding.

    Raises RenderProblem, and OSError where the file cannot be written.
    """
    lines = []
    with TemporaryDirectory(prefix="tirage-") as name:
        folder = Path(name)
        for finding in found.ranking.worst():
            if finding.row not in found.worst_rows or finding.error is not None:
                continue
            try:
                drawn = render_image(context, found.jobs, found.worst_rows[finding.row])
            except TirageError:
                continue  # the check told why it cannot be drawn
            worst = max(finding.warnings, key=lambda each: weight(each.code))
            file = f"row {finding.row} {worst.code.replace('_', ' ')}.png"
            write_whole(folder / file, drawn.files[0].data)
            size = {"width": drawn.files[0].width, "height": drawn.files[0].height, "bytes": len(drawn.files[0].data)}
            lines.append(orjson.dumps({"file": file, **size}))
        if not lines:
            return None
        write_whole(folder / MANIFEST, b"\n".join(lines) + b"\n")
        output = Output(formats.get(target.suffix.removeprefix(".") or "png").name)
        return draw_contact_sheet(context, folder, target, output, title)
