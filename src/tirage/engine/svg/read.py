"""Reads SVG markup: bytes → a sanitised tree within limits; what is not allowed is never built.

One streaming pass of expat both checks and builds, so that no second parser can understand the bytes differently.
Documents with a DOCTYPE are refused whole, since entities and external files come from there.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from lxml import etree

from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.lowering import ImageInfo
from tirage.engine.svg import allow
from tirage.engine.svg.cost import check_cost
from tirage.engine.svg.style import Rule, local_name, parse_sheet

SVG = "http://www.w3.org/2000/svg"
XLINK = "http://www.w3.org/1999/xlink"
MAX_BYTES = 2_000_000
MAX_DEPTH = 64
MAX_ELEMENTS = 50_000
MAX_TEXT = 10_000
MAX_SHEET = 100_000
MAX_EMBEDDED_PIXELS = 50_000_000

_DATA_URL = re.compile(r"data:image/(?:png|jpe?g);base64,", re.IGNORECASE)
_WORDS = frozenset({"text", "tspan", "textPath"})

Probe = Callable[[bytes, str], ImageInfo]
"""Reads the header of an embedded picture, given its bytes and their SHA-256; raises ResourceProblem."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """A sanitised drawing. `root` is its element tree, not to be changed; `rules` are its style sheets."""

    root: Any
    rules: tuple[Rule, ...]
    key: str
    """The SHA-256 of the markup it was read from."""


def rejected(message: str, hint: str = "Export the drawing as plain SVG.") -> ResourceProblem:
    """The error for markup that is not an acceptable drawing."""
    return ResourceProblem(Problem("svg_rejected", f"The SVG drawing is refused: {message}.", hint=hint))


def too_complex(message: str) -> ResourceProblem:
    """The error for a drawing beyond a limit."""
    return ResourceProblem(
        Problem("svg_too_complex", f"The SVG drawing is too complex: {message}.", hint="Simplify it or use a PNG.")
    )


def prepare_svg(markup: bytes, probe: Probe | None = None) -> Drawing:
    """Read a drawing. Pictures embedded as `data:` URLs stay only where `probe` accepts their headers.

    Raises ResourceProblem `svg_rejected` (not an SVG drawing, or with a DOCTYPE) or `svg_too_complex`.
    """
    data = _unpacked(markup)
    if len(data) > MAX_BYTES:
        raise too_complex(f"it has more than {MAX_BYTES} bytes")
    builder = _Builder(probe)
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    parser.StartDoctypeDeclHandler = _refuse_doctype
    parser.EntityDeclHandler = _refuse_doctype
    parser.StartElementHandler = builder.start
    parser.EndElementHandler = builder.end
    parser.CharacterDataHandler = builder.characters
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise rejected(f"it is not well-formed XML ({expat.ErrorString(error.code)}, line {error.lineno})") from None
    except (LookupError, ValueError):
        raise rejected("its characters cannot be decoded", "Save it as UTF-8.") from None
    if builder.root is None:
        raise rejected("it has no svg element")
    drawing = Drawing(builder.root, tuple(builder.rules()), hashlib.sha256(markup).hexdigest())
    problem = check_cost(drawing.root, drawing.rules)
    if problem:
        raise too_complex(problem)
    return drawing


def _unpacked(markup: bytes) -> bytes:
    """SVGZ is unpacked as far as the limit goes."""
    if not markup.startswith(b"\x1f\x8b"):
        return markup
    unpacker = zlib.decompressobj(31)
    try:
        data = unpacker.decompress(markup, MAX_BYTES + 1)
    except zlib.error:
        raise rejected("its compressed data are damaged") from None
    if len(data) <= MAX_BYTES and not unpacker.eof:
        raise rejected("its compressed data end too early")
    return data


def _refuse_doctype(*_: object) -> None:
    raise rejected("it has a DOCTYPE", "Remove the line that starts with <!DOCTYPE.")


class _Builder:
    """Builds the tree from expat's events; what is not on the lists is left out with all that is in it."""

    def __init__(self, probe: Probe | None) -> None:
        self.root: Any = None
        self._probe = probe
        self._open: list[Any] = []
        self._skipping = 0
        self._elements = 0
        self._text = 0
        self._sheets: list[str] = []
        self._sheet_size = 0
        self._embedded = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self._elements += 1
        if self._elements > MAX_ELEMENTS:
            raise too_complex(f"it has more than {MAX_ELEMENTS} elements")
        if len(self._open) + self._skipping >= MAX_DEPTH:
            raise too_complex(f"its elements are nested more than {MAX_DEPTH} deep")
        namespace, _, local = name.rpartition(" ")
        if self.root is None and not (local == "svg" and namespace in ("", SVG)):
            raise rejected("its outermost element is not svg")
        if self._skipping or namespace not in ("", SVG) or local not in allow.ELEMENTS:
            self._skipping += 1
            return
        kept = self._attributes(local, attributes)
        if self.root is None:
            self.root = element = etree.Element(f"{{{SVG}}}svg", kept, nsmap={None: SVG})
        else:
            element = etree.SubElement(self._open[-1], f"{{{SVG}}}{local}", kept)
        self._open.append(element)

    def end(self, _: str) -> None:
        if self._skipping:
            self._skipping -= 1
            return
        element = self._open.pop()
        if local_name(element) == "style":
            self._sheets.append(element.text or "")
            # Written back from the filtered rules when the drawing is rasterised.
            element.getparent().remove(element)

    def characters(self, text: str) -> None:
        if self._skipping or not self._open:
            return
        element = self._open[-1]
        name = local_name(element)
        if name == "style":
            self._sheet_size += len(text)
            if self._sheet_size > MAX_SHEET:
                raise too_complex(f"its style sheets have more than {MAX_SHEET} characters")
        elif name in _WORDS:
            self._text += len(text)
            if self._text > MAX_TEXT:
                raise too_complex(f"it has more than {MAX_TEXT} characters of text")
        else:
            return
        if len(element):
            element[-1].tail = (element[-1].tail or "") + text
        else:
            element.text = (element.text or "") + text

    def rules(self) -> list[Rule]:
        return [rule for sheet in self._sheets for rule in parse_sheet(sheet)]

    def _attributes(self, element: str, attributes: dict[str, str]) -> dict[str, str]:
        kept: dict[str, str] = {}
        for name, value in attributes.items():
            if name in ("href", f"{XLINK} href"):
                if "href" not in kept and self._reference(element, value):
                    kept["href"] = value.strip()
            elif name == "style":
                kept["style"] = allow.safe_style(value)
            elif name in allow.ATTRIBUTES and allow.safe_value(value):
                kept[name] = value
        return kept

    def _reference(self, element: str, value: str) -> bool:
        """Whether a link stays: `#id`, or a picture whose own header says that it is one and not too large."""
        value = value.strip()
        if value.startswith("#"):
            return element not in ("image", "a")
        found = _DATA_URL.match(value)
        if element != "image" or found is None or self._probe is None:
            return False
        try:
            data = base64.b64decode("".join(value[found.end() :].split()), validate=True)
            info = self._probe(data, hashlib.sha256(data).hexdigest())
        except (binascii.Error, ValueError, ResourceProblem):
            return False
        if info.format not in ("png", "jpeg"):
            # The rasteriser draws no others; nothing may be there that it would have to guess.
            return False
        self._embedded += info.width * info.height
        if self._embedded > MAX_EMBEDDED_PIXELS:
            raise too_complex(f"its pictures have more than {MAX_EMBEDDED_PIXELS // 10**6} megapixels together")
        return True
