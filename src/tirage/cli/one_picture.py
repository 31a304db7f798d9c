"""`tirage render` without a table: one row, its files and what is told of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from tirage.actions.files import make_folder, write_whole
from tirage.actions.render_image import Drawn, render_image
from tirage.actions.row_jobs import Folders, Output, RowJobs
from tirage.actions.templates import LoadedTemplate, sample_row
from tirage.cli.console import OK, result, result_json, say, tell_warning
from tirage.cli.options import SIZE_FIELD
from tirage.engine import formats

if TYPE_CHECKING:
    from tirage.context import Context


def draw_one(
    context: Context,
    sizes: Sequence[LoadedTemplate],
    output: Output,
    values: Mapping[str, str],
    *,
    allowed: Sequence[Path] = (),
    out: Path | None = None,
    report: Path | None = None,
    json: bool = False,
    now: datetime | None = None,
    locale: str | None = None,
) -> int:
    """Draw the template's sample row with `values` above it in each of the sizes, and give the exit code.

    `now` is the moment that it is drawn for, the present one where none is given; `locale` its language, where it is
    not the template's.
    """
    row, origin = sample_row(sizes[0].template)
    if origin and not row.keys() <= values.keys():
        say(f"No --data: the template is filled with {origin}.")
    extension = formats.get(output.format).extension
    lines, summaries = [], []
    for loaded in sizes:
        # Pictures of sample rows lie beside the template, those of --set where the command was called.
        folders = Folders(loaded.folder, (loaded.folder, Path.cwd()) if values else (loaded.folder,), tuple(allowed))
        jobs = RowJobs(context, loaded, folders, output, settings=values, now=now, locale=locale)
        drawn = render_image(context, jobs, row)
        paths = _paths(_target(out, loaded, several=len(sizes) > 1), _stem(loaded), extension, len(drawn.files))
        make_folder(paths[0].parent)
        for path, file in zip(paths, drawn.files, strict=True):
            write_whole(path, file.data)
        for warning in drawn.warnings:
            tell_warning(warning, f"size {loaded.size}" if loaded.size else "")
        size = {"size": loaded.size} if loaded.size else {}
        lines.append({"row": 1, **size, "file": str(paths[0]), **drawn.report})
        summaries.append({**size, **_summary(drawn, paths)})
        if not json:
            for path, file in zip(paths, drawn.files, strict=True):
                result(f"{path}  {file.width}×{file.height}  {len(file.data):,} bytes")
    if report is not None:
        import orjson

        make_folder(report.parent)
        write_whole(report, b"".join(orjson.dumps(line) + b"\n" for line in lines))
    if json:
        result_json(summaries[0] if len(sizes) == 1 else {"ok": True, "sizes": summaries})
    return OK


def _stem(loaded: LoadedTemplate) -> str:
    return f"{loaded.stem}-{loaded.size}" if loaded.size else loaded.stem


def _target(out: Path | None, loaded: LoadedTemplate, *, several: bool) -> Path | None:
    """What `--out` names for a size: `{size}` replaced; without it, of several sizes each file bears its own."""
    if out is None or not loaded.size:
        return out
    if SIZE_FIELD in str(out):
        return Path(str(out).replace(SIZE_FIELD, loaded.size))
    if several and out.suffix and not out.is_dir():
        return out.with_name(f"{out.stem}-{loaded.size}{out.suffix}")
    return out


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
