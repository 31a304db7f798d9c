"""JSON and NDJSON → rows, strictly (RFC 8259, RFC 7493), one row in memory at a time."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Generator, Iterator
from typing import Any

from tirage.engine.errors import Problem
from tirage.tables.rows import BadRow, Row, TableLimits, TableProblem, header_problems, placed, shown, too_many_rows
from tirage.tables.text import MARK, Bytes, Decoder, Lines

_BLANK = " \t\r\n"
_BLANKS = re.compile(r"[ \t\r\n]*")
_SCALAR = re.compile(r"[^\s,\[\]{}\"]+")
# Characters read before the window is cut at its beginning. The decoder counts lines from there for every error, so
# that without a bound a long window full of broken elements would cost the square of its length.
_STALE = 16_384
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"|[{}\[\]]|"', re.DOTALL)


class _Refused(Exception):
    """The row is well-formed JSON but not acceptable: carries code and the end of a sentence."""


class _Undecodable(Exception):
    """The row's bytes could not be told: carries the problem, whose message begins with `{where}`."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        name = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _Refused("json_duplicate_key", f"the key {shown(name)} stands twice in one object.")
    return made


def _float(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused("json_number", f"the number {shown(text)} is too large.")
    return number


def _int(text: str) -> int:
    if len(text) > 300:
        raise _Refused("json_number", f"a number has {len(text):,} digits.")
    return int(text)


def _constant(text: str) -> float:
    raise _Refused("json_number", f"{text} is not a number in JSON.")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_float, parse_int=_int, parse_constant=_constant, strict=True
)


class _Checker:
    """Text of one element → its values, or the problem with it."""

    def __init__(self, limits: TableLimits) -> None:
        self._limits = limits
        self._keys: tuple[str, ...] = ()

    def parse(self, text: str, at: int = 0) -> tuple[Any, int]:
        """The value that begins at `at` and where it ends; raises `_Refused` or `json.JSONDecodeError`."""
        try:
            value, end = _DECODER.raw_decode(text, at)
        except RecursionError:
            raise _Refused("json_too_deep", f"it nests deeper than {self._limits.json_depth} levels.") from None
        if text.count("[", at, end) + text.count("{", at, end) > self._limits.json_depth:
            self._depth(text[at:end])
        return value, end

    def _depth(self, text: str) -> None:
        depth = 0
        for token in _TOKEN.findall(text):
            depth += 1 if token in "{[" else -1 if token in "}]" else 0
            if depth > self._limits.json_depth:
                raise _Refused("json_too_deep", f"it nests deeper than {self._limits.json_depth} levels.")

    def row(self, value: Any, text: str) -> dict[str, Any]:
        """The element as a row; `text` is what it was read from."""
        if not isinstance(value, dict):
            raise _Refused("json_row_not_object", "it is not an object ({…}) but another kind of value.")
        keys = tuple(value)
        if keys != self._keys:
            problems = header_problems(keys, self._limits)
            if problems:
                raise _Refused(problems[0].code, problems[0].message)
            self._keys = keys
        if len(text) > self._limits.cell_chars or "\\u" in text:
            for name, cell in value.items():
                self._cell(name, cell)
        return value

    def _cell(self, name: str, cell: Any) -> None:
        if isinstance(cell, (list, dict)):
            for key, part in cell.items() if isinstance(cell, dict) else enumerate(cell):
                self._cell(name, str(key))
                self._cell(name, part)
        if not isinstance(cell, str):
            return
        if len(cell) > self._limits.cell_chars:
            message = f"the value of {shown(name)} has {len(cell):,} characters; "
            raise _Refused("cell_too_long", message + f"at most {self._limits.cell_chars:,} are read.")
        if "\0" in cell:
            raise _Refused("nul_character", f"the value of {shown(name)} holds a NUL character.")
        if any("\ud800" <= character <= "\udfff" for character in cell + name):
            raise _Refused("json_surrogate", f"the value of {shown(name)} holds half of a surrogate pair.")


def _invalid(where: str, error: Exception) -> Problem:
    if isinstance(error, _Undecodable):
        return placed(error.args[0], where)
    if isinstance(error, _Refused):
        return Problem(error.args[0], f"{where}: {error.args[1]}")
    detail = error.msg if isinstance(error, json.JSONDecodeError) else "it is not JSON"
    at = f" at character {error.pos + 1:,}" if isinstance(error, json.JSONDecodeError) else ""
    return Problem("json_invalid", f"{where}: not valid JSON{at}: {detail[:1].lower()}{detail[1:]}.")


def read_ndjson(source: Bytes, encoding: str | None, limits: TableLimits) -> Iterator[Row | BadRow]:
    """One object per line; a line that is not one is a bad row, blank lines are passed over."""
    lines = Lines(source, encoding, limits)
    checker = _Checker(limits)
    number = 0
    for line in lines:
        text = line.strip(_BLANK)
        if not text:
            continue
        number += 1
        if number > limits.rows:
            raise too_many_rows(limits)
        where = f"Row {number:,} (line {lines.number:,})"
        fault = lines.faults.pop(lines.number, None) if lines.faults else None
        if fault:
            yield BadRow(number, placed(fault, where), lines.number)
            continue
        try:
            value, end = checker.parse(text)
            if end != len(text):
                raise json.JSONDecodeError("Something follows the object", text, end)
            yield Row(number, checker.row(value, text), lines.number)
        except (_Refused, json.JSONDecodeError) as error:
            yield BadRow(number, _invalid(where, error), lines.number)


class _Window:
    """The part of a JSON text that is being read: grows at its end, is cut at its beginning."""

    def __init__(self, source: Bytes, encoding: str | None, limits: TableLimits) -> None:
        self._decoder = Decoder(source, encoding)
        self._limit = limits.row_chars
        self._line = 1
        self._counted = 0  # Where in the text the lines are counted up to.
        self.text = ""
        self.at = 0

    def _cut(self) -> None:
        self.here()
        self.text = self.text[self.at :]
        self.at = self._counted = 0

    def more(self) -> bool:
        """Read on, twice as much as is there already; False at the end of the stream."""
        self._cut()
        parts = [self.text]
        wanted, got = max(1, len(self.text)), 0
        while got < wanted and not self._decoder.finished:
            part = self._decoder.read()
            got += len(part)
            parts.append(part)
        self.text = "".join(parts)
        return got > 0

    def here(self) -> int:
        """The number of the line that is being read."""
        self._line += self.text.count("\n", self._counted, self.at)
        self._counted = self.at
        return self._line

    def peek(self) -> str:
        """The next character that is not blank, left in place; empty at the end."""
        while True:
            blank = _BLANKS.match(self.text, self.at)
            self.at = blank.end() if blank else self.at
            if self.at < len(self.text):
                return self.text[self.at]
            if not self.more():
                return ""

    def expect(self, wanted: str) -> str:
        """Step over the next character, which is one of `wanted`."""
        found = self.peek()
        if not found:
            raise self.broken("the text ends too early (is the file whole?)")
        if found not in wanted:
            raise self.broken(f"{' or '.join(wanted)} is expected, {shown(found)} found")
        self.at += 1
        return found

    def broken(self, what: str) -> TableProblem:
        """The error for a text that cannot be read on."""
        where = f"Line {self.here():,}"
        if self._decoder.offsets and self.text.startswith(MARK, self.at):
            return TableProblem(self._decoder.problem(where, self._decoder.offsets[0]))
        return TableProblem(Problem("json_invalid", f"{where}: not valid JSON: {what}."))

    def _taken(self, end: int) -> str:
        """The element's text, stepped over; raises `_Undecodable` where its bytes could not be told."""
        text, self.at = self.text[self.at : end], end
        marks = text.count(MARK) if self._decoder.offsets else 0
        offsets = [self._decoder.offsets.popleft() for _ in range(marks)]
        if offsets:
            raise _Undecodable(self._decoder.problem("{where}", offsets[0]))
        return text

    def element(self, parse: Callable[[str, int], tuple[Any, int]]) -> tuple[Any, str]:
        """The next value and its text; on an error within it, step over it and raise that error."""
        if self.at > _STALE:
            self._cut()
        while True:
            try:
                value, end = parse(self.text, self.at)
                if end == len(self.text) and self.more():  # A number may go on.
                    continue
            except (json.JSONDecodeError, _Refused) as error:
                # Cut off by the window's end, or wrong? Reading on tells, up to the longest row there may be.
                if not self._whole() and len(self.text) - self.at <= self._limit and self.more():
                    continue
                text = self._step_over()
                if isinstance(error, json.JSONDecodeError):
                    raise json.JSONDecodeError(error.msg, "", max(0, error.pos - self.at + len(text))) from None
                raise
            return value, self._taken(end)

    def _end(self) -> int | None:
        """Where the value that begins here ends; None where the window does not hold its end."""
        if self.text[self.at] not in '{["':
            scalar = _SCALAR.match(self.text, self.at)
            if scalar is None:
                return self.at
            return scalar.end() if scalar.end() < len(self.text) or self._decoder.finished else None
        depth = 0
        for match in _TOKEN.finditer(self.text, self.at):
            token = match[0]
            if token == '"':
                return None
            depth += 1 if token in "{[" else -1 if token in "}]" else 0
            if depth == 0:
                return match.end()
        return None

    def _whole(self) -> bool:
        return self._end() is not None

    def _step_over(self) -> str:
        end = self._end()
        if end is None:
            raise self.broken("a value is not closed, or longer than a row may be")
        if end == self.at:
            raise self.broken(f"a value is expected, {shown(self.text[end])} found")
        return self._taken(end)


def read_json(source: Bytes, encoding: str | None, limits: TableLimits) -> Iterator[Row | BadRow]:
    """The elements of an array of objects, or of the array under `rows` in an object."""
    window = _Window(source, encoding, limits)
    checker = _Checker(limits)
    opened = window.peek()
    if not opened:
        raise TableProblem(Problem("table_empty", "The table is empty: the file holds no JSON."))
    if opened == "[":
        yield from _array(window, checker, limits)
    else:
        window.expect("{")
        if not (yield from _members(window, checker, limits)):
            hint = "A table is an array of objects, or an object with such an array under “rows”."
            raise TableProblem(Problem("json_no_rows", "The JSON object has no member “rows”.", hint=hint))
    if window.peek():
        raise window.broken("something follows the end")


def _members(window: _Window, checker: _Checker, limits: TableLimits) -> Generator[Row | BadRow, None, bool]:
    # The generator's own value tells whether there were rows.
    found = False
    while window.peek() != "}" or found:
        try:
            if window.peek() != '"':
                window.expect('"')
            name, _ = window.element(checker.parse)
            window.expect(":")
            if name == "rows" and found:
                raise _Refused("json_duplicate_key", "the member “rows” stands there twice.")
            if name == "rows" and window.peek() == "[":
                found = True
                yield from _array(window, checker, limits)
            else:
                window.peek()
                window.element(checker.parse)
        except (json.JSONDecodeError, _Refused, _Undecodable) as error:
            raise TableProblem(_invalid(f"Line {window.here():,}", error)) from None
        if window.expect(",}") == "}":
            return found
    window.expect("}")
    return found


def _array(window: _Window, checker: _Checker, limits: TableLimits) -> Iterator[Row | BadRow]:
    window.expect("[")
    number = 0
    while window.peek() != "]" or number:
        number += 1
        if number > limits.rows:
            raise too_many_rows(limits)
        if not window.peek():
            window.expect("{")
        line = window.here()
        try:
            value, text = window.element(checker.parse)
            if len(text) > limits.row_chars:
                raise _Refused("row_too_long", f"the row has more than {limits.row_chars:,} characters.")
            yield Row(number, checker.row(value, text), line)
        except (_Refused, _Undecodable, json.JSONDecodeError) as error:
            yield BadRow(number, _invalid(f"Row {number:,} (line {line:,})", error), line)
        if window.expect(",]") == "]":
            return
    window.expect("]")
