"""What a provider of made pictures is to the rest: one call, a mark of what decides its results, and its problems."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.wishes import Wish

Code = Literal[
    "provider_answer", "provider_busy", "provider_denied", "provider_failed", "provider_missing", "provider_refused"
]
_PASSING = frozenset({"provider_busy", "provider_failed"})


@dataclass(frozen=True, slots=True)
class Input:
    """A picture that a wish begins with: its bytes, media type, and what the prompt calls it (empty for the source)."""

    data: bytes
    media_type: str
    name: str = ""


class Provider(Protocol):
    """Makes pictures; belongs to the event loop it is first used in."""

    @property
    def mark(self) -> str:
        """What decides its results beside the wish: service, model. Never a secret."""

    async def make(self, wish: Wish, inputs: Sequence[Input]) -> bytes:
        """The picture's bytes, not yet looked at. Raises ResourceProblem."""

    async def aclose(self) -> None:
        """Close every connection."""


def problem(code: Code, message: str, hint: str | None = None, *, retryable: bool | None = None) -> ResourceProblem:
    """The error to raise for a picture that could not be made; it names no key and no part of the prompt."""
    return ResourceProblem(
        Problem(code=code, message=message, hint=hint), retryable=code in _PASSING if retryable is None else retryable
    )


def missing() -> ResourceProblem:
    """Nobody is there to make pictures."""
    return problem(
        "provider_missing",
        "The layer asks for a picture to be made, but no provider of such pictures is set up.",
        "Set TIRAGE_AI_URL and TIRAGE_AI_KEY, or give imageUrl and neither prompt nor removeBackground.",
    )
