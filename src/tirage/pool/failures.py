"""Errors across the process border: to JSON in the child, back to the same type in the parent, by an explicit table."""

from __future__ import annotations

from typing import Any

import orjson

from tirage.engine.errors import Problem, RenderProblem, ResourceProblem, RowProblem, TemplateProblem, TirageError

MEMORY = "memory"  # the type name under which a child reports that an allocation failed

_TYPES: dict[str, type[TirageError]] = {
    kind.__name__: kind for kind in (TirageError, TemplateProblem, RowProblem, ResourceProblem, RenderProblem)
}
_MEMBERS = ("code", "message", "pointer", "hint", "closest", "layer")
_PROBLEM_LIMIT = 1000
_TEXT_LIMIT = 10_000


def encode_error(error: BaseException) -> bytes:
    """The JSON of an exception; of one that is not ours only the type's name, for messages may hold paths."""
    if isinstance(error, TirageError):
        name = next(base.__name__ for base in type(error).__mro__ if _TYPES.get(base.__name__) is base)
        problems = [problem.as_dict() for problem in error.problems[:_PROBLEM_LIMIT]]
        return orjson.dumps({"type": name, "problems": problems, "retryable": bool(error.retryable)})
    if isinstance(error, MemoryError):
        return orjson.dumps({"type": MEMORY})
    return orjson.dumps({"type": "", "name": type(error).__name__})


def is_memory(header: bytes) -> bool:
    """Whether the child says that an allocation failed."""
    value = _loads(header)
    return value.get("type") == MEMORY


def decode_error(header: bytes) -> TirageError:
    """The exception for a problem frame. Raises `ValueError` if the frame does not have the agreed shape."""
    value = _loads(header)
    kind = value.get("type")
    if kind == MEMORY:
        return out_of_memory()
    if kind == "":
        return failed(_text(value.get("name"))[:100])
    found = _TYPES.get(_text(kind))
    problems = value.get("problems")
    if found is None or not isinstance(problems, list) or not 0 < len(problems) <= _PROBLEM_LIMIT:
        raise ValueError("A problem frame needs a known type and at least one problem.")
    return found([_problem(item) for item in problems], retryable=value.get("retryable") is True)


def failed(name: str) -> RenderProblem:
    """The handler raised something that it should not have raised."""
    return _render(
        "render_failed",
        f"The picture could not be made: an internal error ({name}).",
        "Please report it with the template; TIRAGE_DEBUG=1 prints the traceback.",
    )


def crashed(*, poisoned: bool = False) -> RenderProblem:
    """The process that drew the job died, twice."""
    if poisoned:
        message = "This input has ended the renderer twice before and is not tried again."
    else:
        message = "The renderer died while it worked on this input, and again on a second try."
    hint = "One of the pictures, fonts or SVG files is probably damaged; replace it and try again."
    return _render("render_crashed", message, hint)


def timed_out(seconds: float) -> RenderProblem:
    """The job took longer than it may."""
    return _render(
        "render_timeout",
        f"The picture was not ready within {seconds:g} seconds.",
        "Make the page, the pictures or the texts smaller, or raise the limit.",
    )


def out_of_memory() -> RenderProblem:
    """The job needed more memory than a child may have."""
    return _render(
        "render_memory",
        "The picture needs more memory than a renderer may use.",
        "Make the page or the pictures smaller, or raise the limit.",
    )


def refused(problem: str) -> RenderProblem:
    """The pool cannot work at all."""
    return _render("pool_unavailable", problem, "Run `tirage doctor` to see what is missing.")


def closed() -> RenderProblem:
    """The pool was closed before the job was done."""
    problem = Problem("pool_closed", "The renderer was stopped before this picture was made.")
    return RenderProblem(problem, retryable=True)


def full(waiting: int) -> RenderProblem:
    """The waiting line is full."""
    return RenderProblem(
        Problem("pool_full", f"{waiting} pictures are already waiting for a renderer.", hint="Try again in a moment."),
        retryable=True,
    )


def _render(code: str, message: str, hint: str) -> RenderProblem:
    return RenderProblem(Problem(code, message, hint=hint))


def _loads(header: bytes) -> dict[str, Any]:
    value = orjson.loads(header)
    if not isinstance(value, dict):
        raise ValueError("The header of a frame is a JSON object.")
    return value


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("A member of a problem is a string.")
    return value[:_TEXT_LIMIT]


def _problem(item: object) -> Problem:
    if not isinstance(item, dict) or not {"code", "message"} <= item.keys():
        raise ValueError("A problem is an object with code and message.")
    return Problem(**{name: _text(item[name]) for name in _MEMBERS if name in item})
