"""What the service's drawing processes do: draw rows, survey them, make a smaller picture of a picture."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tirage.actions import draw, draw_pages, shrink, survey_rows
from tirage.engine.format import MAX_PIXELS


def warm() -> None:
    """Load the libraries into the fork server: a sandboxed child could not import them any more."""
    import tirage.engine.palette  # noqa: F401  (used later, where nothing can be imported any more)

    draw.warm()
    survey_rows.warm()
    shrink.warm()


def handle(header: Mapping[str, Any], parts: Sequence[bytes]) -> tuple[dict[str, Any], list[bytes]]:
    """The job of a header. Raises TirageError."""
    if header.get("kind") == "shrink":
        return {}, [shrink.shrink(parts[0], header["width"], header["format"], max_pixels=MAX_PIXELS)]
    if header.get("kind") == "pages":
        return draw_pages.draw_pages(header, parts)
    if header.get("kind") == "survey":
        return survey_rows.survey_rows(header, parts)
    return draw.handle(header, parts)
