"""Tables: files and streams of rows in and out, with errors that belong to one row and limits that hold."""

from __future__ import annotations

from tirage.tables.filenames import FileNamer
from tirage.tables.open import FORMATS, open_table
from tirage.tables.rows import BadRow, Row, Table, TableLimits, TableProblem, Value
from tirage.tables.write import CsvWriter, NdjsonWriter

__all__ = [
    "FORMATS",
    "BadRow",
    "CsvWriter",
    "FileNamer",
    "NdjsonWriter",
    "Row",
    "Table",
    "TableLimits",
    "TableProblem",
    "Value",
    "open_table",
]
