"""What commands that talk to a server share: the options that name it, its client, and its errors as problems."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from tirage.cli.console import ending
from tirage.engine.errors import Problem, TirageError

if TYPE_CHECKING:
    from tirage.client import ApiError, Client

Server = Annotated[
    str | None,
    typer.Option(
        "--server", metavar="URL", help="The server's address; else TIRAGE_URL. The key is read from TIRAGE_API_KEY."
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print what is told for programs, and nothing else.")]
Insecure = Annotated[bool, typer.Option("--insecure", help="Do not check the server's certificate.")]


@contextmanager
def connected(url: str | None, *, json: bool, insecure: bool = False) -> Iterator[Client]:
    """The client of the server that is named; what it cannot do ends the command with 2 and its reason."""
    with ending(json):
        _require(url)
        from tirage.client import ApiError, Client

        try:
            with Client(url, verify=not insecure) as client:
                yield client
        except ApiError as error:
            raise TirageError(_problems(error)) from error


def _require(url: str | None) -> None:
    if not url and not os.environ.get("TIRAGE_URL", "").strip():
        hint = "Say --server http://127.0.0.1:8080, or set TIRAGE_URL. `tirage serve` starts a server."
        raise TirageError(Problem("url_missing", "No server is named.", hint=hint))
    if not os.environ.get("TIRAGE_API_KEY", "").strip():
        hint = "`tirage serve` shows the first one, `tirage keys create NAME` makes more."
        raise TirageError(Problem("key_missing", "No API key is given; set TIRAGE_API_KEY.", hint=hint))


def _problems(error: ApiError) -> list[Problem]:
    told = [
        Problem(each.code, each.message, each.pointer, each.hint or None, each.closest or None)
        for each in error.problems
    ]
    if error.status is None:
        return told
    if error.status >= 500 and error.request_id:
        first = told[0]
        hint = f"{first.hint or ''} The request is {error.request_id} in the server's log.".strip()
        told[0] = Problem(first.code, first.message, first.pointer, hint, first.closest)
    return told
