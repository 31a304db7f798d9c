"""`tirage render` without a table: one row, its files and what is told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from tirage.actions.files import make_folder, write_whole
from tirage.actions.render_image import Drawn, render_image
from tirage.actions.row_jobs import Folders, Output, RowJobs
from tirage.actions.templates import LoadedTemplate, sample_row
from tirage.cli.console import OK, result, result_json, say, tell_warning
from tirage.engine import formats

if TYPE_CHECKING:
    from tirage.context import Context


def draw_one(
    context: Context,
    loaded: LoadedTemplate,
    output: Output,
    values: Mapping[str, str],
    *,
    allowed: Sequence[Path] = (),
    out: Path | None = None,
    report: Path | None = None,
    json: bool = False,
) -> int:
    """Draw the template's sample row with `values` above it, write the files, and give the exit code."""
    row, origin = sample_row(loaded.template)
    # Pictures of sample rows lie beside the template, those of --set where the command was called.
    folders = Folders(loaded.folder, (loaded.folder, Path.cwd()) if values else (loaded.folder,), tuple(allowed))
    jobs = RowJobs(context, loaded, folders, output, settings=values)
    if origin and not row.keys() <= values.keys():
        say(f"No --data: the template is filled with {origin}.")
    drawn = render_image(context, jobs, row)
    paths = _paths(out, loaded.stem, formats.get(output.format).extension, len(drawn.files))
    make_folder(paths[0].parent)
    for path, file in zip(paths, drawn.files, strict=True):
        write_whole(path, file.data)
    for warning in drawn.warnings:
        tell_warning(warning)
    if report is not None:
        import orjson

        make_folder(report.parent)
        write_whole(report, orjson.dumps({"row": 1, "file": str(paths[0]), **drawn.report}) + b"\n")
    if json:
        result_json(_summary(drawn, paths))
    else:
        for path, file in zip(paths, drawn.files, strict=True):
            result(f"{path}  {file.width}×{file.height}  {len(file.data):,} bytes")
    return OK


def _paths(out: Path | None, stem: str, extension: str, count: int) -> list[Path]:
    """The file that `--out` names, or one called like the template in the folder that it names; numbered by page."""
    if out is None:
        whole = Path(f"{stem}.{extension}")
    elif out.is_dir() or not out.suffix:
        whole = out / f"{stem}.{extension}"
    else:
        whole = out
    if count == 1:
        return [whole]
    return [whole.with_name(f"{whole.stem}-{number}{whole.suffix}") for number in range(1, count + 1)]


def _summary(drawn: Drawn, paths: Sequence[Path]) -> dict[str, object]:
    return {
        "ok": True,
        "recipe": drawn.recipe,
        "files": [
            {
                "file": str(path),
                "width": file.width,
                "height": file.height,
                "bytes": len(file.data),
                "mediaType": file.media_type,
                "sha256": hashlib.sha256(file.data).hexdigest(),
            }
            for path, file in zip(paths, drawn.files, strict=True)
        ],
        "warnings": drawn.report.get("warnings", []),
    }
