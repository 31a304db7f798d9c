"""What a server says of a table before it is drawn → a table of its columns, and sentences about its first rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tirage.cli.console import OK, SOME_FAILED, result, result_json, say, tell_problem
from tirage.engine.errors import Problem

if TYPE_CHECKING:
    from tirage.client import Preview

_HOW = {
    "same": "the same name",
    "spelling": "spelt otherwise",
    "synonym": "another word for it",
    "words": "words in common",
    "similar": "similar",
    "none": "",
}


def tell(preview: Preview, *, json: bool) -> int:
    """Show the columns and what is wrong with rows; 1 where something is."""
    wrong = [row for row in preview.rows if row.errors]
    if json:
        result_json({"ok": not wrong, **preview.model_dump(mode="json", by_alias=True)})
        return SOME_FAILED if wrong else OK
    width = max((len(each.name) for each in preview.columns), default=0)
    for column in preview.columns:
        target = preview.mapping.get(column.name, column.target if column.how == "same" else None)
        if target is not None:
            why = f"{_HOW.get(column.how, column.how)}, {column.score:.0%}" if target == column.target else "as you say"
            result(f"{column.name:<{width}} → {target}  ({why})")
        elif column.target is not None:
            result(f"{column.name:<{width}}    not used; perhaps {column.target} ({column.score:.0%})")
        else:
            result(f"{column.name:<{width}}    not used")
    if preview.unfilled:
        say(f"Without a column: {', '.join(preview.unfilled)}")
    for row in wrong:
        for error in row.errors:
            tell_problem(Problem(error.code, error.message, error.pointer, error.hint or None), f"row {row.row:,}")
    result(f"{len(preview.rows) - len(wrong)} of the first {len(preview.rows)} rows can be drawn.")
    if preview.mapping:
        said = " ".join(f"--map {_quoted(f'{column}={target or str()}')}" for column, target in preview.mapping.items())
        say(f"To draw it so: tirage batch submit … {said}")
    return SOME_FAILED if wrong else OK


def _quoted(text: str) -> str:
    import shlex

    return shlex.quote(text)
