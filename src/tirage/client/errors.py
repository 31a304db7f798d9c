"""The one error of the client: what a server's problem document says (RFC 9457), or why there was no answer."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ApiProblem:
    """One thing that is wrong: a stable code, a sentence, and where known its place and its remedy."""

    code: str
    message: str
    pointer: str = ""
    hint: str = ""
    closest: str = ""


class ApiError(Exception):
    """A request that did not succeed.

    `code` is stable and for programs, `message` for people. `status` is the HTTP status, or None where no answer came
    (`server_unreachable`, `server_timeout`) or an answer was not what was asked for. `request_id` finds the request in
    the server's log. `retry_after` is in seconds, where the server named a time. `retryable` tells whether the same
    request may succeed later.
    """

    def __init__(
        self,
        code: str,
        message: str,
        *,
        status: int | None = None,
        request_id: str = "",
        problems: tuple[ApiProblem, ...] = (),
        retry_after: float | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.status = status
        self.request_id = request_id
        self.problems = problems or (ApiProblem(code, message),)
        self.retry_after = retry_after
        self.retryable = retryable
