"""SVG drawings: markup → a sanitised tree (`prepare_svg`) → paths, or pixels where paths would differ (`lower_svg`).

The libraries that read CSS and draw are loaded when these names are first used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tirage.engine.svg.draw import lower_svg
    from tirage.engine.svg.read import Drawing, prepare_svg

__all__ = ["Drawing", "lower_svg", "prepare_svg"]


def __getattr__(name: str) -> object:
    if name == "lower_svg":
        from tirage.engine.svg.draw import lower_svg

        return lower_svg
    if name in ("Drawing", "prepare_svg"):
        from tirage.engine.svg import read

        return getattr(read, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
