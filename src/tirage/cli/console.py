"""What is said to people: sentences on stderr, results on stdout, colour on a terminal only; how a command ends."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

import typer

from tirage.engine.errors import Problem, TirageError

if TYPE_CHECKING:
    from tirage.engine.report import Warning_

OK, SOME_FAILED, WRONG, INTERRUPTED = 0, 1, 2, 130
_COLOURS = {"red": "31", "green": "32", "yellow": "33", "dim": "2", "bold": "1"}


def coloured(text: str, colour: str, stream: Any = None) -> str:
    """The text in a colour, where the stream is a terminal that wants colours (https://no-color.org)."""
    stream = stream or sys.stderr
    if not stream.isatty() or os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb":
        return text
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def printable(text: str) -> str:
    """The text without control characters: what a file says must not steer the terminal."""
    return "".join(each if each.isprintable() or each in "\n" else "�" for each in text)


def say(text: str = "", mark: str = "", colour: str = "red", bold: str = "", dim: str = "") -> None:
    """A sentence for people: a coloured mark, what it is about, the text, and what is less important."""
    parts = [(mark and f"{mark} ", colour), (bold, "bold"), (text, ""), (dim, "dim")]
    line = "".join(coloured(printable(part), how) if how and part else printable(part) for part, how in parts)
    print(line, file=sys.stderr, flush=True)


def result(text: str, mark: str = "", colour: str = "green") -> None:
    """A line of what was asked for."""
    print((coloured(mark, colour, sys.stdout) + " " if mark else "") + printable(text))


def result_json(value: Any) -> None:
    """The machine-readable summary: the only thing on stdout."""
    import orjson

    print(orjson.dumps(value, option=orjson.OPT_INDENT_2).decode())


def tell_problem(problem: Problem, prefix: str = "") -> None:
    """One problem: where, what, remedy."""
    layer = f"layer {problem.layer!r}" if problem.layer else ""
    where = ", ".join(part for part in (prefix, problem.pointer, layer) if part)
    say(problem.message, mark="✗", bold=f"{where}: " if where else "")
    hint = problem.hint or ""
    if problem.closest and repr(problem.closest) not in hint:
        hint = f"Did you mean {problem.closest!r}? {hint}".strip()
    if hint:
        say("  ", dim=hint)


def tell_problems(problems: Iterable[Problem]) -> None:
    """All problems of a call or a document."""
    for problem in problems:
        tell_problem(problem)


def tell_warning(warning: Warning_, rows: str = "") -> None:
    """Something to know although a picture was made; `rows` says which rows it is about."""
    layer = f"layer {warning.layer!r}: " if warning.layer else ""
    about = f" ({rows})" if rows else ""
    say(f"{layer}{warning.message}{about}", mark="!", colour="yellow")


def stop(code: int) -> NoReturn:
    """End the command."""
    raise typer.Exit(code)


@contextmanager
def ending(json: bool = False) -> Iterator[None]:
    """Errors as products: a problem of the call or the template is told and ends with 2, Ctrl-C with 130."""
    try:
        yield
    except TirageError as error:
        if os.environ.get("TIRAGE_DEBUG"):
            raise
        tell_problems(error.problems)
        if json:
            result_json({"ok": False, "problems": [each.as_dict() for each in error.problems]})
        raise typer.Exit(WRONG) from None
    except OSError as error:
        if os.environ.get("TIRAGE_DEBUG") or isinstance(error, BrokenPipeError):
            raise
        name = f"{error.filename!r}: " if error.filename else ""
        problem = Problem("file_error", f"{name}{error.strerror or error}.")
        tell_problems([problem])
        if json:
            result_json({"ok": False, "problems": [problem.as_dict()]})
        raise typer.Exit(WRONG) from None
    except KeyboardInterrupt:
        leave(INTERRUPTED)


def leave(code: int) -> NoReturn:
    """End the process at once: threads that wait for a slow host are not waited for."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)


@contextmanager
def interrupted_by_terminate() -> Iterator[None]:
    """Let SIGTERM end a run as Ctrl-C does: nothing half written, and the manifest tells what is done."""

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
