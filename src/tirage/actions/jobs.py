"""What a parent asks a child to draw, and its form on the wire between them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any

from tirage.engine.options import Meta, OutputOptions, members
from tirage.engine.template import Overrides


@dataclass(frozen=True, slots=True)
class DrawJob:
    """One row of one template. `sources` names the pictures that travel with it: (source, SHA-256) in their order.

    `fonts` are the keys of the workspace's own fonts that travel with it, before the pictures.
    """

    template: str
    overrides: Overrides
    sources: tuple[tuple[str, str], ...]
    format: str = "png"
    options: OutputOptions = field(default_factory=OutputOptions)
    meta: Meta = field(default_factory=Meta)
    layout_only: bool = False
    fonts: tuple[str, ...] = ()

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
        )
