"""The children's side of a check: a template, bound rows and verified bytes → what would go wrong in each row."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tirage.actions.draw import bound_row
from tirage.actions.jobs import DrawJob
from tirage.engine.errors import ResourceProblem, TirageError

if TYPE_CHECKING:
    from tirage.engine.report import Warning_
    from tirage.engine.runs import Prepared
    from tirage.engine.survey import Surveyor

MAX_KEPT = 4
"""Templates whose recurring layers a child keeps laid out."""

_surveyors: OrderedDict[str, Surveyor] = OrderedDict()


def warm() -> None:
    """Load what a sandboxed child could not import any more."""
    import tirage.engine.survey  # noqa: F401


def survey_rows(header: Mapping[str, Any], parts: Sequence[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """Survey the rows of a header that `survey_job` made. A row that cannot be laid out is an entry with its problems.

    The reply's `rows` are in order; warnings are lists of code, message, layer and pointer.
    """
    from tirage.engine.bind import apply

    job = DrawJob.from_header(header["job"])
    prepared, _, resources = bound_row(job, parts)
    surveyor = _surveyor(job.template, prepared)
    told: list[dict[str, Any]] = []
    general: dict[Warning_, None] = {}
    for overrides in header["rows"]:
        try:
            bound = apply(surveyor.template, overrides)
            found = surveyor.survey(bound, resources, job.options, painted=header["painted"])
        except TirageError as error:
            kind = "resource" if isinstance(error, ResourceProblem) else "render"
            told.append({"problems": [each.as_dict() for each in error.problems], "kind": kind})
            continue
        general.update(dict.fromkeys(found.template))
        entry: dict[str, Any] = {}
        if found.row:
            entry["warnings"] = [_plain(each) for each in found.row]
        if found.unsure:
            entry["unsure"] = True
        told.append(entry)
    return {"rows": told, "template": [_plain(each) for each in general]}, []


def _plain(warning: Warning_) -> tuple[str, str, str | None, str]:
    return warning.code, warning.message, warning.layer, warning.pointer


def _surveyor(key: str, prepared: Prepared) -> Surveyor:
    from tirage.engine.survey import Surveyor

    surveyor = _surveyors.get(key)
    if surveyor is None:
        surveyor = _surveyors[key] = Surveyor(prepared.template, prepared.services)
        if len(_surveyors) > MAX_KEPT:
            _surveyors.popitem(last=False)
    _surveyors.move_to_end(key)
    return surveyor
