"""One row → its finished files and report, nothing written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tirage.actions.row_jobs import RowJobs
from tirage.context import Context
from tirage.engine.report import Warning_
from tirage.engine.template import Json
from tirage.pool.job import Reply


@dataclass(frozen=True, slots=True)
class DrawnFile:
    """One finished file; sizes in px of the output and bytes."""

    data: bytes
    width: int
    height: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Drawn:
    """A row's files, one a page or one for all pages; the report as JSON values, with its warnings read out."""

    recipe: str
    files: tuple[DrawnFile, ...]
    report: Mapping[str, Any]
    warnings: tuple[Warning_, ...]


def render_image(context: Context, jobs: RowJobs, values: Mapping[str, Json]) -> Drawn:
    """Draw one row. Raises RowProblem, ResourceProblem or RenderProblem."""
    bound = jobs.bind(values)
    order = jobs.order(bound, jobs.resolve(bound))
    return drawn_of(order.recipe, context.pool.submit(order.job).result(), bound.bound.warnings)


def drawn_of(recipe: str, reply: Reply, told: tuple[Warning_, ...] = ()) -> Drawn:
    """A child's reply as files and report; `told` are the warnings of binding, which the parent did."""
    files = tuple(
        DrawnFile(data, about["width"], about["height"], about["mediaType"])
        for about, data in zip(reply.header["files"], reply.parts, strict=False)
    )
    report = reply.header["report"]
    warnings = (*told, *(_warning(each) for each in report.get("warnings", ())))
    if told:
        report = {**report, "warnings": [_plain(each) for each in warnings]}
    return Drawn(recipe, files, report, warnings)


def _warning(value: Mapping[str, str]) -> Warning_:
    return Warning_(value["code"], value["message"], value.get("layer"), value.get("pointer", ""))


def _plain(warning: Warning_) -> dict[str, str]:
    members = {"code": warning.code, "message": warning.message, "layer": warning.layer, "pointer": warning.pointer}
    return {key: value for key, value in members.items() if value}
