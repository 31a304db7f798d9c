"""The output formats: this list is all there are."""

from __future__ import annotations

import difflib

from tirage.engine.errors import Problem, RenderProblem
from tirage.engine.format import Format
from tirage.engine.formats import apng, avif, gif, jpeg, mp4, pdf, png, svg, webp

FORMATS: tuple[Format, ...] = (
    png.FORMAT,
    jpeg.FORMAT,
    webp.FORMAT,
    avif.FORMAT,
    gif.FORMAT,
    apng.FORMAT,
    mp4.FORMAT,
    pdf.FORMAT,
    svg.FORMAT,
)

_BY_NAME = {name: each for each in FORMATS for name in (each.name, *each.aliases)}


def get(name: str) -> Format:
    """The format of a name or alias, in any case. Raises RenderProblem `format_unknown` with the closest name."""
    found = _BY_NAME.get(name.lower())
    if found is not None:
        return found
    closest = next(iter(difflib.get_close_matches(name.lower()[:20], _BY_NAME, n=1)), None)
    known = ", ".join(each.name for each in FORMATS)
    raise RenderProblem(
        Problem("format_unknown", f"There is no format {name[:40]!r}; there are {known}.", "/format", closest=closest)
    )
