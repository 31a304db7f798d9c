"""Bytes → physical lines of text, in constant memory, with every fault noted by line number."""

from __future__ import annotations

import codecs
import re
import threading
from collections import deque
from collections.abc import Iterator
from typing import BinaryIO

from tirage.engine.errors import Problem
from tirage.tables.rows import TableLimits, TableProblem

CHUNK = 65_536
MARK = "\udc80"  # A lone surrogate: no strict decoder ever gives one, so it can only be ours.
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r)")
_BOMS = (  # UTF-32 before UTF-16: FF FE begins both.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_NOT_FOR_FILES = {"utf-7", "idna", "punycode", "unicode_escape", "raw_unicode_escape", "undefined", "charmap", "mbcs"}
_sink = threading.local()


def _mark(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeDecodeError):
        raise error
    _sink.offsets.append(error.start)
    return MARK, error.end


codecs.register_error("tirage.mark", _mark)


class Bytes:
    """A binary stream whose beginning can be looked at before it is read; never seeks."""

    def __init__(self, stream: BinaryIO) -> None:
        # read1 gives what a pipe has; read would wait for a whole chunk.
        self._read = getattr(stream, "read1", stream.read)
        self._head = b""

    def peek(self, size: int) -> bytes:
        """The next `size` bytes (fewer at the end of the stream), left in place."""
        while len(self._head) < size:
            more = self._read(size - len(self._head))
            if not more:
                break
            self._head += more
        return self._head[:size]

    def read(self, size: int = CHUNK) -> bytes:
        """At most `size` bytes (the looked-at beginning may be longer); empty at the end."""
        if self._head:
            head, self._head = self._head, b""
            return head
        data: bytes = self._read(size)
        return data


def _encoding(declared: str | None, head: bytes) -> str:
    if declared is not None:
        try:
            info = codecs.lookup(declared)
        except (LookupError, ValueError):
            info = None
        if info is None or info.name in _NOT_FOR_FILES or not info._is_text_encoding:
            message = f"The encoding {declared[:40]!r} is not known."
            hint = "Known are utf-8, utf-16, windows-1252, iso-8859-1, shift_jis, gb18030 and the like."
            raise TableProblem(Problem("encoding_not_known", message, hint=hint))
        return info.name
    for bom, name in _BOMS:
        if head.startswith(bom):
            return name
    # Text in UTF-16 without a byte-order mark shows as NUL in every second byte of its Latin letters.
    for parity, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        sides = head[parity::2], head[1 - parity :: 2]
        if len(head) >= 4 and sides[0].count(0) * 10 > len(sides[0]) * 4 and sides[1].count(0) == 0:
            message = f"The file looks like UTF-16 without a byte-order mark (the byte at offset {parity} is NUL)."
            raise TableProblem(Problem("encoding_unknown", message, hint=f"Say its encoding: --encoding {name}."))
    return "utf-8"


class Decoder:
    """Bytes → text in pieces; what cannot be decoded becomes a mark, and its byte offset is kept."""

    def __init__(self, source: Bytes, declared: str | None) -> None:
        self._source = source
        self.encoding = _encoding(declared, source.peek(256))
        self._decoder = codecs.getincrementaldecoder(self.encoding)("tirage.mark")
        self._at = 0
        self._begun = False
        self.finished = False
        self.offsets: deque[int] = deque()

    def read(self) -> str:
        """The next piece of text; may be empty before the end, which `finished` tells."""
        data = self._source.read()
        pending: bytes = self._decoder.getstate()[0]
        _sink.offsets = []
        self.finished = not data
        text = self._decoder.decode(data, self.finished)
        base = self._at - len(pending)
        self.offsets.extend(base + offset for offset in _sink.offsets)
        self._at += len(data)
        if text and not self._begun:
            self._begun = True
            text = text.removeprefix("\ufeff")
        return text

    def problem(self, where: str, offset: int) -> Problem:
        """What to say about the byte at `offset`, met in `where`."""
        message = f"{where}: the byte at offset {offset:,} is not {self.encoding.upper()}, so its text cannot be told."
        hint = "Save the file as UTF-8, or say its encoding: --encoding windows-1252, for instance."
        return Problem("encoding_unknown", message, hint=hint)


class Lines(Iterator[str]):
    """Physical lines with their ends (CR, LF or CRLF; nothing else ends a line); `number` is that of the last one.

    `faults` maps the numbers of lines that cannot be used to the problem (its message begins with `{where}`, to be
    filled in by the reader); such a line is handed out all the same, cut short if it was too long to be held.
    """

    def __init__(self, source: Bytes, encoding: str | None, limits: TableLimits) -> None:
        self.number = 0
        self.faults: dict[int, Problem] = {}
        self._decoder = Decoder(source, encoding)
        self._limit = limits.row_chars
        self._ready: Iterator[str] = iter(())
        self._made = 0  # The number of the last line put into _ready.
        self._carry: list[str] = []
        self._carried = 0
        self._suspect = False  # Whether the line carried over holds a NUL.
        self._held_cr = False

    def __next__(self) -> str:
        while True:
            for line in self._ready:
                self.number += 1
                return line
            if self._decoder.finished:
                raise StopIteration
            self._fill()

    def _fill(self) -> None:
        text = self._decoder.read()
        last = self._decoder.finished
        if self._held_cr:
            text = "\r" + text
            self._held_cr = False
        if text.endswith("\r") and not last:  # A line feed may follow in the next piece.
            self._held_cr = True
            text = text[:-1]
        end = max(text.rfind("\n"), text.rfind("\r")) + 1
        lines: list[str] = _LINE.findall(text[:end])  # Behind the last end the expression would try every character.
        tail = text[end:]
        if tail and last:
            lines.append(tail)
            tail = ""
        if lines and self._carry:
            self._carried += len(lines[0])
            if self._carried > self._limit:
                self._drop(lines[0])
                lines[0] = "\n"
            lines[0] = "".join([*self._carry, lines[0]])
            self._carry, self._carried = [], 0
        elif last and self._carry:
            lines = ["".join(self._carry)]
            self._carry, self._carried = [], 0
        self._inspect(lines, "\0" in text or self._suspect, len(text) > self._limit)
        self._made += len(lines)
        if not self._carry:
            self._suspect = False
        if tail:
            self._keep(tail)
        self._ready = iter(lines)

    def _keep(self, tail: str) -> None:
        self._carried += len(tail)
        if self._carried <= self._limit:
            self._carry.append(tail)
            self._suspect = self._suspect or "\0" in tail
            return
        # Too long to be held: its beginning stands for it until its end comes.
        if self._made + 1 not in self.faults:
            beginning = "".join(self._carry)
            self._drop(beginning[100:])
            self._carry = [beginning[:100] or "x"]
        self._drop(tail)

    def _drop(self, text: str) -> None:
        offsets = [self._decoder.offsets.popleft() for _ in range(text.count(MARK))]
        problem = Problem("row_too_long", f"{{where}}: the line has more than {self._limit:,} characters.")
        self.faults.setdefault(self._made + 1, self._decoder.problem("{where}", offsets[0]) if offsets else problem)

    def _inspect(self, lines: list[str], suspect: bool, long: bool) -> None:
        if not (suspect or long or self._decoder.offsets):
            return
        for at, line in enumerate(lines, self._made + 1):
            marks = line.count(MARK)
            if marks:
                offsets = [self._decoder.offsets.popleft() for _ in range(marks)]
                self.faults.setdefault(at, self._decoder.problem("{where}", offsets[0]))
            elif "\0" in line:
                self.faults.setdefault(at, Problem("nul_character", "{where}: the line holds a NUL character."))
            elif len(line) > self._limit:
                message = f"{{where}}: the line has more than {self._limit:,} characters."
                self.faults.setdefault(at, Problem("row_too_long", message))
