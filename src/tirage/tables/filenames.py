"""Row → file name: safe on every system, unique within a run, the same on every run."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from string import Formatter

from tirage.engine.errors import Problem, RowProblem, TemplateProblem
from tirage.tables.rows import Value, closest, shown

_MAX_BYTES = 200
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]+')
_BLANKS = re.compile(r"\s+")
# Characters that are not seen: bidirectional controls can make exe look like txt. ZWJ and ZWNJ are part of words
# and emoji and stay.
_UNSEEN = re.compile("[\u00ad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)", re.IGNORECASE)
_ROW_SPEC = re.compile(r"0?[0-9]{0,2}d?")
_TEXT_SPEC = re.compile(r"(?:\.([0-9]{1,3}))?")


def _bad(message: str, hint: str | None = None, near: str | None = None) -> TemplateProblem:
    return TemplateProblem(Problem("name_pattern_invalid", message, hint=hint, closest=near))


def _parse(pattern: str, fields: tuple[str, ...] | None) -> list[tuple[str, str | None, str]]:
    hint = "A field is {row:05d}, {column} or {column:.40}; a brace itself is written twice."
    try:
        parsed = list(Formatter().parse(pattern))
    except ValueError:
        raise _bad(f"The file name pattern {shown(pattern)} has a brace without its partner.", hint) from None
    parts: list[tuple[str, str | None, str]] = []
    for literal, field, spec, conversion in parsed:
        if field is None:
            parts.append((literal, None, ""))
            continue
        # A field is a column's name as a whole; a dot or a bracket in it never reaches into a value.
        if conversion or not (_ROW_SPEC if field == "row" else _TEXT_SPEC).fullmatch(spec or ""):
            asked = ("!" + conversion if conversion else "") + (":" + spec if spec else "")
            raise _bad(f"The file name pattern's field {shown(field)} cannot be formatted with {shown(asked)}.", hint)
        if not field or (fields is not None and field != "row" and field not in fields):
            near = closest(field, (*(fields or ()), "row"))
            raise _bad(f"The file name pattern names {shown(field)}, which is no column of the table.", hint, near)
        parts.append((literal, field, spec or ""))
    return parts


def _text(value: Value) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _cut(text: str, limit: int) -> str:
    """The longest beginning of at most `limit` bytes that does not end within a character as it is seen."""
    if len(text.encode()) <= limit:
        return text
    kept = text.encode()[:limit].decode(errors="ignore")
    while kept and (_joins(text[len(kept)]) or kept[-1] == "\u200d"):
        kept = kept[:-1]
    return kept


def _joins(character: str) -> bool:
    mark = unicodedata.category(character).startswith("M")
    return mark or character == "\u200d" or "\U0001f3fb" <= character <= "\U0001f3ff"


def safe_stem(text: str) -> str:
    """The text as the stem of a file name that every system takes; may be empty, and may be long."""
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    text = _BLANKS.sub(" ", _UNSAFE.sub("-", _BLANKS.sub(" ", text)))
    text = text.lstrip(".- ").rstrip(". ")
    return f"_{text}" if _RESERVED.match(text) else text


class FileNamer:
    """Names the files of a run after a pattern such as `{row:05d}-{title}`; `{row}` is the row's number.

    A name taken already (names that differ in case only are the same to macOS and Windows) gets `-` and the row's
    number. Call `name` for the rows in order. Where the pattern begins with the row's number, names cannot collide
    and nothing is kept; otherwise eight bytes a row are.
    """

    def __init__(
        self, pattern: str = "{row:05d}", extension: str = "png", *, fields: Iterable[str] | None = None
    ) -> None:
        self._parts = _parse(pattern, tuple(fields) if fields is not None else None)
        if not self._parts:
            raise _bad("The file name pattern is empty.")
        self._extension = extension.removeprefix(".")
        self._seen: set[int] | None = None if self._leads_with_row() else set()

    def _leads_with_row(self) -> bool:
        literal, field, _ = self._parts[0]
        follows = self._parts[1] if len(self._parts) > 1 else ("-", None, "")
        return not literal and field == "row" and bool(follows[0]) and not follows[0][0].isdigit()

    def name(self, row: int, values: Mapping[str, Value]) -> str:
        """The file name of row number `row`; raises `RowProblem` when the row lacks a column of the pattern."""
        pieces: list[str] = []
        for literal, field, spec in self._parts:
            pieces.append(literal)
            if field == "row":
                pieces.append(format(row, spec))
            elif field is not None:
                if field not in values:
                    message = f"Row {row:,} has no value {shown(field)} for its file name."
                    near = closest(field, tuple(values))
                    raise RowProblem(Problem("name_value_missing", message, closest=near))
                text = _text(values[field])
                pieces.append(text[: int(spec[1:])] if spec else text)
        stem = safe_stem("".join(pieces))
        name = self._fitted(stem or f"{row:05d}", "")
        tries = 0
        while self._seen is not None and self._key(name) in self._seen:
            tries += 1
            name = self._fitted(stem, f"-{row}" if tries == 1 else f"-{row}-{tries}")
        if self._seen is not None:
            self._seen.add(self._key(name))
        return name

    def _fitted(self, stem: str, suffix: str) -> str:
        end = f"{suffix}.{self._extension}" if self._extension else suffix
        return _cut(stem, _MAX_BYTES - len(end.encode())).rstrip(". ") + end

    def _key(self, name: str) -> int:
        folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
        return int.from_bytes(blake2b(folded.encode(), digest_size=8).digest())
