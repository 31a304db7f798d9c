"""The children's side of documents from several templates: rows of each → one file that holds all their pages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from tirage.actions.draw import bound_row
from tirage.actions.jobs import DrawJob


def draw_pages(header: Mapping[str, Any], parts: Sequence[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Draw the rows in order. Each entry of `rows` is a row's job and the places of its bytes among the parts.

    The reply's header has the first page's size, the number of pages and every row's warnings; its part is the file.
    Raises TirageError.
    """
    from tirage.engine import cost, formats
    from tirage.engine.render import compose, px_mm
    from tirage.engine.report import report_as_json
    from tirage.engine.scene import Scene, ScenePage

    first = DrawJob.from_header(header["rows"][0]["job"])
    output = formats.get(first.format)
    pages: list[ScenePage] = []
    warnings: list[Mapping[str, Any]] = []
    for entry in header["rows"]:
        job = DrawJob.from_header(entry["job"])
        prepared, bound, resources = bound_row(job, [parts[place] for place in entry["parts"]])
        cost.check_texts(bound)
        scene, report = compose(
            prepared, bound, resources, job.options.scale, vector=output.vector, px_mm=px_mm(job.options)
        )
        for page in scene.pages:
            if output.painted:
                cost.check(page.root, page.width, page.height, job.options.scale, vector=output.vector)
        pages += scene.pages
        warnings += report_as_json(report).get("warnings", ())
    meta = replace(first.meta, recipe=header["recipe"])
    made = output.encode(Scene(tuple(pages)), first.options, meta)
    about = {
        "width": made.width,
        "height": made.height,
        "mediaType": made.media_type,
        "pages": len(pages),
        "warnings": warnings,
    }
    return about, [made.data]
