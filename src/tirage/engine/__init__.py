"""The pure rendering engine: template + row + resources → bytes and a report.

The stages are its modules, each with one function of its name: `parse.parse`, `bind.bind`, `collect.collect`,
`recipe.recipe`, `render.render`. The nouns below load on first use: reading and binding templates needs none of the
native libraries.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tirage.engine.errors import Problem, RenderProblem, ResourceProblem, RowProblem, TemplateProblem, TirageError
    from tirage.engine.layout import Services
    from tirage.engine.options import Meta, OutputOptions
    from tirage.engine.render import Rendered
    from tirage.engine.report import Report
    from tirage.engine.resources import Resources
    from tirage.engine.runs import Prepared
    from tirage.engine.template import BoundTemplate, Template

__all__ = [
    "BoundTemplate",
    "Meta",
    "OutputOptions",
    "Prepared",
    "Problem",
    "RenderProblem",
    "Rendered",
    "Report",
    "ResourceProblem",
    "Resources",
    "RowProblem",
    "Services",
    "Template",
    "TemplateProblem",
    "TirageError",
]

_HOMES = {
    "errors": ("Problem", "RenderProblem", "ResourceProblem", "RowProblem", "TemplateProblem", "TirageError"),
    "layout": ("Services",),
    "options": ("Meta", "OutputOptions"),
    "render": ("Rendered",),
    "report": ("Report",),
    "resources": ("Resources",),
    "runs": ("Prepared",),
    "template": ("BoundTemplate", "Template"),
}


def __getattr__(name: str) -> object:
    for module, names in _HOMES.items():
        if name in names:
            return getattr(import_module(f"tirage.engine.{module}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
