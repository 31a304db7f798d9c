"""The inline subset of HTML that texts may use → spans of text with what each changes."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import tinycss2
from pydantic_core import PydanticCustomError

from tirage.engine.values.color import Color, parse_color
from tirage.engine.values.css import nested_too_deep
from tirage.engine.values.length import Length

MAX_MARKUP_CHARACTERS = 200_000
MAX_NESTING = 32
MAX_SPANS = 2_000
_SHOWN = 40
_MAX_WARNINGS = 20


@dataclass(frozen=True, slots=True)
class MarkupSpan:
    """A stretch of text and how it differs from the layer's own style; None leaves a property as it is.

    `font_size` is px or a percentage of the layer's size (nested percentages are multiplied out); `letter_spacing` is
    px or a percentage of the span's font size. `bold` asks for 700 at least; `font_weight`, 1–1000, wins over it.
    """

    text: str
    bold: bool = False
    italic: bool = False
    underline: bool = False
    strike: bool = False
    color: Color | None = None
    background: Color | None = None
    font_size: Length | None = None
    font_weight: int | None = None
    font_family: str | None = None
    letter_spacing: Length | None = None


@dataclass(frozen=True, slots=True)
class Markup:
    """The spans in order, and sentences about what was left out."""

    spans: tuple[MarkupSpan, ...]
    warnings: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text without its styles."""
        return "".join(span.text for span in self.spans)


def parse_markup(text: str) -> Markup:
    """Read `b i u s span[style] br` and their aliases. Never fails: an unknown tag is left out and its text kept.

    White space is kept as written; entities are decoded; `br` is a line feed.
    """
    parser = _Parser()
    if len(text) > MAX_MARKUP_CHARACTERS:
        parser.warn(f"the text is longer than {MAX_MARKUP_CHARACTERS} characters; the rest was left out")
        text = text[:MAX_MARKUP_CHARACTERS]
    if "<" not in text and "&" not in text:
        return Markup((MarkupSpan(text),) if text else (), tuple(parser.warnings))
    parser.feed(text)
    return Markup(parser.spans, tuple(parser.warnings))


def escape(text: str) -> str:
    """A literal value, written so that `parse_markup` gives it back as it is."""
    return html.escape(text, quote=False)


_TAGS: dict[str, Callable[[MarkupSpan], MarkupSpan]] = {
    "b": lambda span: replace(span, bold=True, font_weight=None),
    "i": lambda span: replace(span, italic=True),
    "u": lambda span: replace(span, underline=True),
    "s": lambda span: replace(span, strike=True),
    "span": lambda span: span,
}
_ALIASES = {"strong": "b", "em": "i", "ins": "u", "strike": "s", "del": "s"}
# What browsers do not show; their text is no text.
_HIDDEN = frozenset({"script", "style"})


# Comments, declarations and tags. The standard library's parser is quadratic in unclosed tags; these expressions are
# linear: no tag reaches beyond the next `<`, nothing is tried twice (possessive repetition), a comment ends with the
# first `-->` or is none.
_TOKEN = re.compile(
    r"""<!--(?:[^<-]|-(?!->)|<(?!!--))*+-->|<[!?][^<>]*+>"""
    r"""|<(?P<end>/?)(?P<name>[A-Za-z][A-Za-z0-9-]*+)(?P<attributes>(?:[^<>"']|"[^<"]*+"|'[^<']*+')*+)>"""
)
_ATTRIBUTE = re.compile(
    r"""(?P<name>[^\s=/"'<>]++)(?:\s*+=\s*+(?:"(?P<double>[^"]*+)"|'(?P<single>[^']*+)'|(?P<bare>[^\s"'<>]++)))?+"""
)
_LONG_REFERENCE = re.compile(r"&#[xX]?[0-9a-fA-F]{9,}+;?")


def _unescaped(text: str) -> str:
    """Character references decoded; numbers that can be no character are U+FFFD, however long."""
    return html.unescape(_LONG_REFERENCE.sub("\ufffd", text)) if "&" in text else text


@dataclass(slots=True)
class _Open:
    tag: str
    style: MarkupSpan


class _Parser:
    """One pass over the markup. A stack of open tags holds the style that each one gave."""

    def __init__(self) -> None:
        self._parts: list[tuple[MarkupSpan, list[str]]] = []
        self.warnings: list[str] = []
        self._stack: list[_Open] = []
        self._hidden = 0

    def feed(self, text: str) -> None:
        """Read a whole text."""
        place = 0
        for match in _TOKEN.finditer(text):
            self._text(text[place : match.start()])
            place = match.end()
            name = (match["name"] or "").lower()
            if not name:
                continue  # a comment or a declaration
            if match["end"]:
                self._end(name)
            else:
                self._begin(name, match["attributes"])
        self._text(text[place:])

    def warn(self, sentence: str) -> None:
        """Note what was left out, each thing once."""
        if sentence not in self.warnings and len(self.warnings) < _MAX_WARNINGS:
            self.warnings.append(sentence)

    def _begin(self, tag: str, attributes: str) -> None:
        if tag == "br":
            self._add("\n")
            return
        name = _ALIASES.get(tag, tag)
        change = _TAGS.get(name)
        if change is None:
            self.warn(f"the tag <{_shown(tag)}> is not one of b i u s span br; it was left out")
            self._hidden += tag in _HIDDEN
            return
        style = change(self._style)
        for match in _ATTRIBUTE.finditer(attributes):
            attribute = match["name"].lower()
            if attribute == "style":
                style = self._styled(style, _unescaped(match["double"] or match["single"] or match["bare"] or ""))
            else:
                self.warn(f"the attribute {_shown(attribute)!r} of <{name}> was left out; only style is read")
        if len(self._stack) >= MAX_NESTING:
            self.warn(f"tags nested deeper than {MAX_NESTING} have no effect")
            style = self._style
        # Deeper ones are still counted, so that their ends close what they opened; the bound is that of the length.
        self._stack.append(_Open(name, style))

    def _end(self, tag: str) -> None:
        """Close a tag and whatever was left open inside; an end without a beginning is ignored."""
        if tag in _HIDDEN:
            self._hidden = max(0, self._hidden - 1)
        name = _ALIASES.get(tag, tag)
        # Looking a bounded way up keeps thousands of stray ends linear.
        for depth, opened in enumerate(reversed(self._stack[-2 * MAX_NESTING :]), 1):
            if opened.tag == name:
                del self._stack[-depth:]
                return

    def _text(self, written: str) -> None:
        if written and not self._hidden:
            self._add(_unescaped(written))

    @property
    def spans(self) -> tuple[MarkupSpan, ...]:
        """The spans read so far."""
        return tuple(replace(style, text="".join(parts)) for style, parts in self._parts)

    @property
    def _style(self) -> MarkupSpan:
        return self._stack[-1].style if self._stack else _PLAIN

    def _add(self, text: str) -> None:
        style = self._style
        if self._parts and self._parts[-1][0] == style:
            # Text comes in parts; those of one style are one span, so that letters join and kern.
            self._parts[-1][1].append(text)
        elif len(self._parts) < MAX_SPANS:
            self._parts.append((style, [text]))
        else:
            self.warn(f"the text changes its style more than {MAX_SPANS} times; the rest was left out")

    def _styled(self, style: MarkupSpan, css: str) -> MarkupSpan:
        if len(css) > 2_000:
            self.warn("a style attribute longer than 2000 characters was left out")
            return style
        for declaration in tinycss2.parse_blocks_contents(css, skip_comments=True, skip_whitespace=True):
            if declaration.type != "declaration":
                self.warn(f"the style {_shown(css)!r} is not CSS; it was left out")
                continue
            read = _PROPERTIES.get(declaration.lower_name)
            if read is None:
                self.warn(
                    f"the style property {_shown(declaration.name)!r} was left out; it is not one that texts have"
                )
                continue
            if nested_too_deep(declaration.value):
                self.warn(f"the value of {declaration.lower_name} has too many brackets; it was left out")
                continue
            value = tinycss2.serialize(declaration.value).strip()
            try:
                style = read(style, value)
            except (ValueError, PydanticCustomError):
                self.warn(f"{_shown(value)!r} is not a value of {declaration.lower_name}; it was left out")
        return style


_PLAIN = MarkupSpan("")


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "…"


def _weight(style: MarkupSpan, value: str) -> MarkupSpan:
    named = {"normal": 400, "bold": 700}.get(value.lower())
    weight = int(value) if named is None else named
    if not 1 <= weight <= 1000:
        raise ValueError(value)
    return replace(style, font_weight=weight, bold=named == 700)


def _posture(style: MarkupSpan, value: str) -> MarkupSpan:
    return replace(style, italic=_known(value, _POSTURES) != "normal")


_POSTURES = ("normal", "italic", "oblique")
_LINES = ("none", "underline", "line-through")


def _known(value: str, words: tuple[str, ...]) -> str:
    if value.lower() not in words:
        raise ValueError(value)
    return value.lower()


def _decoration(style: MarkupSpan, value: str) -> MarkupSpan:
    lines = {_known(word, _LINES) for word in value.split()}
    if not lines or (len(lines) > 1 and "none" in lines):
        raise ValueError(value)
    if lines == {"none"}:
        return replace(style, underline=False, strike=False)
    return replace(
        style, underline=style.underline or "underline" in lines, strike=style.strike or "line-through" in lines
    )


def _length(value: str) -> Length:
    """A CSS length: px or a percentage; em are percentages of the font size."""
    match = _LENGTH.fullmatch(value.lower())
    if match is None:
        raise ValueError(value)
    number = float(match[1])
    if match[2] == "em":
        return _bounded(Length(number * 100, percent=True))
    return _bounded(Length(number, percent=match[2] == "%"))


# Bounded repetition only: linear on any input.
_LENGTH = re.compile(r"([+-]?(?:[0-9]{1,6}(?:\.[0-9]{0,6})?|\.[0-9]{1,6}))(px|%|em|)")


def _bounded(length: Length) -> Length:
    if abs(length.value) > 100_000:
        raise ValueError(length.value)
    return length


def _size(style: MarkupSpan, value: str) -> MarkupSpan:
    size = _length(value)
    if size.value <= 0:
        raise ValueError(value)
    if size.percent and style.font_size is not None:
        # A percentage is one of the enclosing tag's size.
        size = _bounded(Length(style.font_size.value * size.value / 100, style.font_size.percent))
    return replace(style, font_size=size)


def _family(style: MarkupSpan, value: str) -> MarkupSpan:
    if not value or len(value) > 500:
        raise ValueError(value)
    return replace(style, font_family=value)


def _spacing(style: MarkupSpan, value: str) -> MarkupSpan:
    return replace(style, letter_spacing=Length(0.0) if value.lower() == "normal" else _length(value))


_PROPERTIES: dict[str, Callable[[MarkupSpan, str], MarkupSpan]] = {
    "color": lambda style, value: replace(style, color=parse_color(value)),
    "background-color": lambda style, value: replace(style, background=parse_color(value)),
    "font-weight": _weight,
    "font-style": _posture,
    "font-size": _size,
    "font-family": _family,
    "text-decoration": _decoration,
    "text-decoration-line": _decoration,
    "letter-spacing": _spacing,
}
