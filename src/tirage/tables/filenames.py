"""Row → file name: safe on every system, unique within a run, the same on every run."""

from __future__ import annotations

import json
import re
import unicodedata
from array import array
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from string import Formatter

from tirage.engine.errors import Problem, RowProblem, TemplateProblem
from tirage.tables.rows import Value, closest, shown

_MAX_BYTES = 200
_UNSAFE = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f]+')
_BLANKS = re.compile(r"[^\S\x1c-\x1f]+")
# Characters that are not seen: bidirectional controls can make exe look like txt. ZWJ and ZWNJ are part of words
# and emoji and stay.
_UNSEEN = re.compile(
    "[\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufdd0-\ufdef\ufeff\ufffe\uffff\ud800-\udfff]"
)
_RESERVED = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$) *(\.|$)", re.IGNORECASE)
_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
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
    data = text.encode()
    if len(data) <= limit:
        return text
    whole = data[:limit].decode(errors="ignore")
    kept = whole
    while kept and _joins(kept, text[len(kept)]):
        kept = kept[:-1]
    # One letter under a tower of marks is cut within the tower.
    return kept or whole


def _joins(before: str, after: str) -> bool:
    """Whether `after` is seen as one with the end of `before` (the better part of UAX 29)."""
    if before[-1] == "\u200d" or after == "\u200d" or unicodedata.category(after).startswith("M"):
        return True
    if "\U0001f1e6" <= after <= "\U0001f1ff":  # Two of these letters are a flag.
        return (len(before) - len(before.rstrip(_FLAG_LETTERS))) % 2 == 1
    return "\U0001f3fb" <= after <= "\U0001f3ff" or "\U000e0020" <= after <= "\U000e007f"


def safe_stem(text: str) -> str:
    """The text as the stem of a file name that every system takes; may be empty, and may be long."""
    text = unicodedata.normalize("NFC", _UNSEEN.sub("", text))
    text = _BLANKS.sub(" ", _UNSAFE.sub("-", _BLANKS.sub(" ", text)))
    text = text.lstrip(".- \u200c\u200d").rstrip(". ")
    return f"_{text}" if _RESERVED.match(text) else text


class _Hashes:
    """A set of 64-bit numbers in one array, half to seven eighths of which stay empty: 16 to 64 bytes for each."""

    def __init__(self) -> None:
        self._slots = array("Q", bytes(8 * 64))
        self._held = 0

    def add(self, number: int) -> bool:
        """Whether the number was not there before; it is from now on."""
        at = self._place(number)
        if self._slots[at]:
            return False
        self._slots[at] = number
        self._held += 1
        if 2 * self._held > len(self._slots):
            old = self._slots
            self._slots = array("Q", bytes(8 * 4 * len(old)))
            for each in old:
                if each:
                    self._slots[self._place(each)] = each
        return True

    def _place(self, number: int) -> int:
        slots = self._slots
        last = len(slots) - 1
        at = number & last
        while slots[at] and slots[at] != number:
            at = (at + 1) & last
        return at


class FileNamer:
    """Names the files of a run after a pattern such as `{row:05d}-{title}`; `{row}` is the row's number.

    A name taken already (names that differ in case only are the same to macOS and Windows) gets `-` and the row's
    number. Call `name` for every readable row in the order of the table, for those that are not drawn as well: then a
    row's name depends on the table alone, and another run, of some rows or resumed, gives the same one. Where the
    pattern begins with the row's number, names cannot collide and nothing is kept; otherwise 16 to 64 bytes a row are.
    """

    def __init__(
        self, pattern: str = "{row:05d}", extension: str = "png", *, fields: Iterable[str] | None = None
    ) -> None:
        self._parts = _parse(pattern, tuple(fields) if fields is not None else None)
        if not self._parts:
            raise _bad("The file name pattern is empty.")
        self._extension = extension.removeprefix(".")
        self._seen = None if self._leads_with_row() else _Hashes()

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
        stem = safe_stem("".join(pieces)) or f"{row:05d}"
        name = self._fitted(stem, "")
        tries = 0
        while self._seen is not None and not self._seen.add(_key(name)):
            tries += 1
            name = self._fitted(stem, f"-{row}" if tries == 1 else f"-{row}-{tries}")
        return name

    def _fitted(self, stem: str, suffix: str) -> str:
        end = f"{suffix}.{self._extension}" if self._extension else suffix
        return _cut(stem, _MAX_BYTES - len(end.encode())).rstrip(". ") + end


def _key(name: str) -> int:
    folded = unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())
    # Two names with one key, an event that takes thousands of millions of rows, would cost the later its plain name.
    return int.from_bytes(blake2b(folded.encode(), digest_size=8).digest()) or 1
