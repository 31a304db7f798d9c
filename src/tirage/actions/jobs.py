"""What a parent asks a child to draw, and its form on the wire between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tirage.engine.options import Meta, OutputOptions, members
from tirage.engine.template import Overrides


@dataclass(frozen=True, slots=True)
class Ingredients:
    """What a recipe takes beside the row and the output: the sources of its pictures, the keys of its fonts' files."""

    pictures: tuple[str, ...]
    fonts: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DrawJob:
    """One row of one template. `sources` names the pictures that travel with it: (source, SHA-256) in their order.

    Of pictures that the child reads itself the hash is empty; then it sees what they are, hashes them, and works out
    the recipe from the `ingredients`. `fonts` are the keys of the workspace's own fonts that travel with it, before the
    pictures.
    """

    template: str
    overrides: Overrides
    sources: tuple[tuple[str, str], ...]
    format: str = "png"
    options: OutputOptions = field(default_factory=OutputOptions)
    meta: Meta = field(default_factory=Meta)
    layout_only: bool = False
    fonts: tuple[str, ...] = ()
    ingredients: Ingredients | None = None
    reports: bool = True
    """Whether the reply has the whole report, or its warnings only."""

    def header(self) -> dict[str, Any]:
        """The job as JSON values."""
        return {
            "template": self.template,
            "overrides": self.overrides,
            "sources": self.sources,
            "format": self.format,
            "options": members(self.options),
            "meta": {each.name: getattr(self.meta, each.name) for each in fields(Meta)},
            "layoutOnly": self.layout_only,
            "fonts": self.fonts,
            "reports": self.reports,
            **({"ingredients": [self.ingredients.pictures, self.ingredients.fonts]} if self.ingredients else {}),
        }

    @classmethod
    def from_header(cls, header: Mapping[str, Any]) -> DrawJob:
        """The job that `header` made."""
        return cls(
            template=header["template"],
            overrides=header["overrides"],
            sources=tuple((source, sha256) for source, sha256 in header["sources"]),
            format=header["format"],
            options=OutputOptions(**header["options"]),
            meta=Meta(**header["meta"]),
            layout_only=header["layoutOnly"],
            fonts=tuple(header.get("fonts", ())),
            reports=header.get("reports", True),
            ingredients=Ingredients(*map(tuple, header["ingredients"])) if "ingredients" in header else None,
        )
