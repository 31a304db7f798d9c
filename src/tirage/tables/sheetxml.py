"""XML of a workbook's parts → shared strings and cells, piece by piece in constant memory (ECMA-376-1, 18.3 and 18.4).

Document types, and with them entities, are refused before anything of them is read.
"""

from __future__ import annotations

import re
from array import array
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, NamedTuple
from xml.parsers import expat

_CHUNK = 65_536
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main}"
_SHEET, _ROW, _CELL, _ITEM = (_MAIN + name for name in ("sheetData", "row", "c", "si"))
_VALUE, _FORMULA, _INLINE, _TEXT, _PHONETIC = (_MAIN + name for name in ("v", "f", "is", "t", "rPh"))
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")


class DocumentTypeError(Exception):
    """The part declares a document type; no spreadsheet program writes one."""


class Cell(NamedTuple):
    """A `c` element: its attributes as they stand there, and what is stored in it.

    `value` is the text of `v`, None without one; `inline` that of `is`. Texts end at the limit; `length` is the whole
    length, longer than the text where it was cut. (A named tuple, because millions are made: it costs half as much.)
    """

    place: str
    kind: str
    style: str
    value: str | None
    inline: str
    has_formula: bool
    length: int


class RowEnd(NamedTuple):
    """The end of a `row` element; `number` is its own word, empty without one."""

    number: str


def unescaped(text: str) -> str:
    """Text in which `_x000D_` and the like are the characters they stand for (22.9.2.19, ST_Xstring)."""
    return _ESCAPED.sub(_character, text) if "_x" in text else text


def _character(match: re.Match[str]) -> str:
    character = chr(int(match[1], 16))
    # What a text cannot hold stays as it is written.
    return (
        match[0] if "\ud800" <= character <= "\udfff" or (character < " " and character not in "\t\n\r") else character
    )


class Strings:
    """The shared strings by their number, held as UTF-8 in one piece: many short ones cost little more than that."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._ends = array("Q", [0])

    def append(self, text: str) -> None:
        """Add the next string."""
        self._data += text.encode()
        self._ends.append(len(self._data))

    def __len__(self) -> int:
        return len(self._ends) - 1

    def __getitem__(self, number: int) -> str:
        if not 0 <= number < len(self):
            raise IndexError(number)
        return self._data[self._ends[number] : self._ends[number + 1]].decode()


class _BegunError(Exception):
    """The document's first element is reached: what may stand before it has been seen."""


def refuse_document_type(document: bytes) -> None:
    """Raise `DocumentTypeError` if this XML has a document type; what else is wrong with it is not looked at."""

    def refuse(*declared: object) -> None:
        raise DocumentTypeError

    def begin(*element: object) -> None:
        raise _BegunError

    parser = expat.ParserCreate()
    parser.StartDoctypeDeclHandler = refuse
    parser.StartElementHandler = begin
    with suppress(_BegunError, expat.ExpatError):
        parser.Parse(document, True)


class _Part:
    """What is common to both kinds of parts: the parser, and the text that is being collected."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._collected: list[str] = []
        self._length = 0
        self._collects = False
        self._phonetic = False
        # A parser's own buffer would hold back text only to hand it out in larger pieces.
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.parser.StartElementHandler = self.start
        self.parser.EndElementHandler = self.end
        self.parser.CharacterDataHandler = self._text

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """An element begins."""
        raise NotImplementedError

    def end(self, name: str) -> None:
        """An element ends."""
        raise NotImplementedError

    def _refuse(self, *declared: object) -> None:
        raise DocumentTypeError

    def _text(self, text: str) -> None:
        if not self._collects:
            return
        if self._length <= self._limit:
            self._collected.append(text)
        self._length += len(text)

    def _taken(self) -> str:
        text = "".join(self._collected)
        self._collected.clear()
        return text

    def feed(self, source: IO[bytes]) -> Iterator[None]:
        """Read the part; pauses after each piece."""
        while data := source.read(_CHUNK):
            self.parser.Parse(data, False)
            yield
        self.parser.Parse(b"", True)


class _StringsPart(_Part):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.strings = Strings()

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _TEXT:
            self._collects = not self._phonetic
        elif name == _ITEM:
            self._length = 0
        elif name == _PHONETIC:
            self._phonetic = True

    def end(self, name: str) -> None:
        if name == _TEXT:
            self._collects = False
        elif name == _ITEM:
            self.strings.append(unescaped(self._taken()))
        elif name == _PHONETIC:
            self._phonetic = False


class _SheetPart(_Part):
    def __init__(self, limit: int) -> None:
        super().__init__(limit)
        self.found: deque[Cell | RowEnd] = deque()
        self.finished = False
        self._row = ""
        self._attributes: dict[str, str] = {}
        self._value: str | None = None
        self._inline = False
        self._has_formula = False

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == _CELL:
            self._attributes = attributes
            self._value = None
            self._inline = self._has_formula = False
            self._length = 0
        elif name == _VALUE:
            self._collects = True
        elif name == _TEXT:
            self._collects = self._inline and not self._phonetic
        elif name == _FORMULA:
            self._has_formula = True
        elif name == _INLINE:
            self._inline = True
        elif name == _PHONETIC:
            self._phonetic = True
        elif name == _ROW:
            self._row = attributes.get("r", "")

    def end(self, name: str) -> None:
        if name == _VALUE:
            self._value = self._taken()
            self._collects = False
        elif name == _CELL:
            of = self._attributes.get
            text = self._taken()
            cell = Cell(of("r", ""), of("t", "n"), of("s", "0"), self._value, text, self._has_formula, self._length)
            self.found.append(cell)
        elif name == _TEXT:
            self._collects = False
        elif name == _ROW:
            self.found.append(RowEnd(self._row))
        elif name == _PHONETIC:
            self._phonetic = False
        elif name == _SHEET:
            self.finished = True


def read_strings(source: IO[bytes], limit: int) -> Strings:
    """The shared strings of a workbook, each cut behind `limit` characters.

    Raises `expat.ExpatError`, `DocumentTypeError`, and what `source` raises.
    """
    part = _StringsPart(limit)
    for _ in part.feed(source):
        pass
    return part.strings


def read_cells(source: IO[bytes], limit: int) -> Iterator[Cell | RowEnd]:
    """The cells of a worksheet in the order of the file, each row followed by its end; raises as `read_strings`."""
    part = _SheetPart(limit)
    for _ in part.feed(source):
        while part.found:
            yield part.found.popleft()
        if part.finished:
            return
