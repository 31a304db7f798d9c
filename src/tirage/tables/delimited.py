"""CSV and TSV → rows: RFC 4180 read strictly, and a broken row never takes its neighbours along."""

from __future__ import annotations

import csv
from collections import deque
from collections.abc import Iterator

from tirage.engine.errors import Problem
from tirage.tables.rows import BadRow, Row, TableLimits, TableProblem, header_problems, placed, shown, too_many_rows
from tirage.tables.text import Bytes, Lines

_DELIMITERS = {",": "a comma", ";": "a semicolon", "\t": "a tab", "|": "a vertical bar"}
# Characters looked at in vain behind unclosed quotes before the file as a whole is given up: without a bound, a file
# made for it would cost the square of its length.
_WASTE = 256_000_000


class _Feed(Iterator[str]):
    """Gives lines to the csv reader, remembers which ones it took for a record, and takes them back."""

    def __init__(self, lines: Lines, limits: TableLimits) -> None:
        self._lines = lines
        self._again: deque[str] = deque()
        self._limit = limits.row_chars
        self.faults = lines.faults
        self.taken: list[str] = []
        self.size = 0
        self.number = 0
        self.wasted = 0

    def __next__(self) -> str:
        # A record over the limit ends here; for the csv reader that is an end within quotes, an error.
        if self.size > self._limit:
            raise StopIteration
        line = self._again.popleft() if self._again else next(self._lines)
        self.number += 1
        self.size += len(line)
        self.taken.append(line)
        return line

    def begin(self) -> None:
        """A new record begins with the next line."""
        self.taken.clear()
        self.size = 0

    def retreat(self) -> None:
        """Keep the first line of the record only; the others are read again."""
        self.wasted += self.size
        self._again.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        del self.taken[1:]
        if self.wasted > _WASTE:
            message = f"Line {self.number:,}: too many quotes are never closed for this file to be read."
            raise TableProblem(Problem("csv_quotes_broken", message, hint="Write the file again with proper quoting."))

    def put_back(self) -> None:
        """The one line taken is read again."""
        self._again.appendleft(self.taken[-1])
        self.number -= 1

    def fault(self) -> Problem | None:
        """The first fault of the record's lines, all of which are forgotten."""
        # Only the record's own lines are looked at: there may be faults in each of the thousands read ahead.
        found = (self.faults.pop(at, None) for at in self._numbers()) if self.faults else ()
        return next(filter(None, list(found)), None)

    def _numbers(self) -> range:
        return range(self.number - len(self.taken) + 1, self.number + 1)


def _delimiter(header: str, extension: str, declared: str | None) -> str:
    if declared is not None:
        declared = {"tab": "\t", "\\t": "\t"}.get(declared, declared)
        if len(declared) != 1 or declared in '"\r\n' or not declared.isascii():
            message = f"The delimiter {shown(declared)} cannot be used; it is one character, not a quote or line end."
            raise TableProblem(Problem("delimiter_invalid", message, hint="Say ',' ';' 'tab' or '|'."))
        return declared
    if extension == "tsv":
        return "\t"
    bare = "".join(header.split('"')[::2])  # What stands outside quotes.
    found = [delimiter for delimiter in _DELIMITERS if delimiter in bare]
    if len(found) > 1:
        names = " and ".join(_DELIMITERS[delimiter] for delimiter in found)
        message = f"The header line holds {names}; which of them separates the columns cannot be told."
        raise TableProblem(Problem("delimiter_ambiguous", message, hint="Say the delimiter."))
    return found[0] if found else ","


def read_delimited(
    source: Bytes, format: str, encoding: str | None, delimiter: str | None, limits: TableLimits
) -> tuple[tuple[str, ...], Iterator[Row | BadRow]]:
    """The columns of a CSV or TSV file and its rows, every value a text as it stands in the file.

    Raises `TableProblem` when encoding, delimiter or header cannot be used. Header names lose surrounding blanks;
    Excel's first line `sep=;` names the delimiter. A quote inside an unquoted cell is an ordinary character.
    """
    lines = Lines(source, encoding, limits)
    feed = _Feed(lines, limits)
    first = ""
    for first in feed:
        if first.strip("\r\n"):
            break
        feed.begin()
    if not first.strip("\r\n"):
        raise TableProblem(Problem("table_empty", "The table is empty: it has no header line."))
    if first.startswith("sep=") and len(first.rstrip("\r\n")) == 5:
        delimiter = delimiter or first[4]
        feed.begin()
        first = next(feed, "")
    fault = feed.fault()
    if fault:
        raise TableProblem(placed(fault, f"The header (line {feed.number:,})"))
    separator = _delimiter(first, format, delimiter)
    feed.put_back()
    # The module's own limit holds for the whole process; ours is the record's, so that one is only ever raised.
    csv.field_size_limit(max(csv.field_size_limit(), 2 * limits.row_chars))
    feed.begin()
    try:
        header = next(csv.reader(feed, delimiter=separator, strict=True), [])
    except csv.Error:
        message = (
            f"The header (line {feed.number - len(feed.taken) + 1:,}): a quote is not closed, or text follows one."
        )
        raise TableProblem(Problem("header_quote_unclosed", message)) from None
    columns = tuple(name.strip() for name in header)
    problems = header_problems(columns, limits)
    if problems:
        raise TableProblem(problems)
    return columns, _rows(feed, columns, separator, limits)


def _rows(feed: _Feed, columns: tuple[str, ...], separator: str, limits: TableLimits) -> Iterator[Row | BadRow]:
    width = len(columns)
    reader = csv.reader(feed, delimiter=separator, strict=True)
    number = 0
    faults, taken = feed.faults, feed.taken
    while True:
        taken.clear()
        feed.size = 0
        error = ""
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as failure:
            error = str(failure)
            cells = []
        if not error and not cells:
            continue  # A blank line.
        number += 1
        if number > limits.rows:
            raise too_many_rows(limits)
        line = feed.number - len(taken) + 1
        if not error and len(cells) == width and not faults and feed.size <= limits.cell_chars:
            yield Row(number, dict(zip(columns, cells, strict=True)), line)
            continue
        several = len(taken) > 1
        if not error and several and len(cells) != width and _holds_row(taken[1:], width, separator):
            error = "swallowed"
        where = f"Row {number:,} (line {line:,})"
        problem: Problem | None = None
        if error:
            if several:
                # The opening quote stands in the first line; whatever was read behind it is read as rows of its own.
                feed.retreat()
            problem = _unclosed(where) if several or "unexpected end" in error else _text_after_quote(where)
        elif len(cells) != width:
            problem = _ragged(where, len(cells), width)
        elif feed.size > limits.cell_chars:
            long = next((at for at, cell in enumerate(cells) if len(cell) > limits.cell_chars), None)
            if long is not None:
                message = f"{where}: the cell of {shown(columns[long])} has {len(cells[long]):,} characters; "
                problem = Problem("cell_too_long", message + f"at most {limits.cell_chars:,} are read.")
        fault = feed.fault()  # Said rather than its consequences.
        if fault:
            problem = placed(fault, where)
        yield BadRow(number, problem, line) if problem else Row(number, dict(zip(columns, cells, strict=True)), line)


def _holds_row(lines: list[str], width: int, separator: str) -> bool:
    """Whether one of these lines is a whole row by itself: then the quote that swallowed it was never closed."""
    for line in lines:
        try:
            if len(next(csv.reader([line], delimiter=separator, strict=True))) == width:
                return True
        except (csv.Error, StopIteration):
            continue
    return False


def _unclosed(where: str) -> Problem:
    hint = 'Close it with a second one; a quote within a quoted cell is written twice ("").'
    return Problem("unclosed_quote", f"{where}: a quote is opened and not closed.", hint=hint)


def _text_after_quote(where: str) -> Problem:
    hint = 'A quote within a quoted cell is written twice ("").'
    return Problem("text_after_quote", f"{where}: text follows the quote that ends a cell.", hint=hint)


def _ragged(where: str, found: int, width: int) -> Problem:
    hint = "Is a delimiter within a cell not quoted?" if found > width else "Does a cell at the end lack its delimiter?"
    cells = "1 cell" if found == 1 else f"{found:,} cells"
    return Problem("ragged_row", f"{where} has {cells}, the header has {width:,}.", hint=hint)
