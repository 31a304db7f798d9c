"""What the stores refuse, in terms that the edges can translate."""

from __future__ import annotations

from tirage.engine.errors import Problem, TirageError


class NotFound(TirageError):
    """There is no such row in this workspace or account; another tenant's row is no different from none."""

    @classmethod
    def of(cls, what: str, uid: str) -> NotFound:
        """Code `<what>_not_found`, as in `template_not_found`."""
        return cls(Problem(f"{what}_not_found", f"There is no {what.replace('_', ' ')} {uid[:40]!r}."))


class Conflict(TirageError):
    """The row is not as the caller believed, or exists already."""


class Invalid(TirageError):
    """A value that no row may hold."""
