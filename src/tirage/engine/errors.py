"""What can go wrong in the engine: a few types, each a list of problems with code, message, pointer and hint.

The engine never knows HTTP; the edges translate these types.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, said so that a person can mend it.

    `code` is stable and lower snake case; `pointer` is an RFC 6901 JSON pointer into the template document
    (or into the row, for problems of a row); `closest` is the nearest valid name where one was misspelt.
    """

    code: str
    message: str
    pointer: str = ""
    hint: str | None = None
    closest: str | None = None
    layer: str | None = None

    def as_dict(self) -> dict[str, str]:
        """The problem as JSON-ready members, those without a value left out."""
        return {key: value for key, value in asdict(self).items() if value not in (None, "")}

    def __str__(self) -> str:
        where = f"{self.pointer}: " if self.pointer else ""
        hint = f" {self.hint}" if self.hint else ""
        return f"{where}{self.message}{hint}"


class TirageError(Exception):
    """The base of everything that the engine and its callers raise on purpose.

    `retryable` tells whether the same call may succeed later (a source host that was down, say).
    """

    retryable = False

    def __init__(self, problems: Problem | Sequence[Problem], *, retryable: bool | None = None) -> None:
        self.problems: tuple[Problem, ...] = (problems,) if isinstance(problems, Problem) else tuple(problems)
        if retryable is not None:
            self.retryable = retryable
        super().__init__("\n".join(str(problem) for problem in self.problems))

    @property
    def code(self) -> str:
        """The code of the first problem."""
        return self.problems[0].code if self.problems else "unknown"

    def __reduce__(self) -> tuple[object, ...]:
        # Errors cross process borders; the default protocol would hand the joined string to __init__.
        return (_rebuild, (type(self), self.problems, self.retryable))


def _rebuild(kind: type[TirageError], problems: tuple[Problem, ...], retryable: bool) -> TirageError:
    return kind(problems, retryable=retryable)


class TemplateProblem(TirageError):
    """The template document is wrong; carries every problem found in it."""


class RowProblem(TirageError):
    """A row's values do not fit the template: a required value is missing, a colour cannot be read."""


class ResourceProblem(TirageError):
    """A picture or a font could not be had or used."""


class RenderProblem(TirageError):
    """The picture cannot be made with these options, or the renderer gave up within its limits."""


def closest(name: object, valid: Iterable[str]) -> str | None:
    """The valid name nearest to a misspelt one, or None where none is near."""
    if not isinstance(name, str):
        return None
    lowered = {choice.lower(): choice for choice in valid}
    found = difflib.get_close_matches(name[:100].lower(), lowered, n=1, cutoff=0.6)
    return lowered[found[0]] if found else None
