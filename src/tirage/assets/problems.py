"""The problems a source can have: one stable code each, and whether the same call may succeed later."""

from __future__ import annotations

from typing import Literal

from tirage.engine.errors import Problem, ResourceProblem

Code = Literal[
    "source_blocked",
    "source_dns",
    "source_http_error",
    "source_invalid",
    "source_not_found",
    "source_not_image",
    "source_protocol",
    "source_redirects",
    "source_self",
    "source_timeout",
    "source_tls",
    "source_too_large",
    "source_too_slow",
    "source_truncated",
    "source_unreachable",
]

# Codes whose cause usually lies in the moment and not in the URL.
_PASSING = frozenset({"source_dns", "source_timeout", "source_too_slow", "source_truncated", "source_unreachable"})


def problem(code: Code, message: str, hint: str | None = None, *, retryable: bool | None = None) -> ResourceProblem:
    """The error to raise for a source.

    `message` names at most scheme, host and path of the source: never a resolved address, the state of a port,
    credentials or the query (a signed URL's secret lives there).
    """
    return ResourceProblem(
        Problem(code=code, message=message, hint=hint), retryable=code in _PASSING if retryable is None else retryable
    )
