"""`tirage keys`: make API keys for the service of a data folder, whether it runs or not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tirage.cli.console import ending, result, say

keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Make API keys of the service.")


@keys.callback()
def _root() -> None:
    """Make API keys of the service."""


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for; shown in lists.")],
    scopes: Annotated[
        str, typer.Option(help="What it may do, with commas: render, read, write, admin.")
    ] = "render,read,write,admin",
    days: Annotated[int | None, typer.Option(min=1, help="After how many days it ends; without it, never.")] = None,
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the service keeps its data.")] = None,
) -> None:
    """Make an API key and print it, and nothing else, on standard output: it is never shown again."""
    with ending():
        import asyncio
        from datetime import timedelta
        from typing import cast

        from tirage.actions.first_workspace import create_key
        from tirage.cli.service_settings import read
        from tirage.clock import SystemClock
        from tirage.context import running_database, words
        from tirage.db.connect import Database
        from tirage.db.migrate import migrate
        from tirage.store.keys import CreatedKey, Scope

        settings = read({"data_dir": None if data_dir is None else str(data_dir)})
        clock = SystemClock()
        wanted = cast("tuple[Scope, ...]", tuple(words(scopes)))
        until = None if days is None else clock.now() + timedelta(days=days)

        with running_database(settings) as address:
            migrate(address)

            async def make() -> CreatedKey:
                async with Database(address, connections=2) as database:
                    return await create_key(database, clock, name, wanted, expires_at=until)

            made = asyncio.run(make())
        say(f"Key {name!r} ({', '.join(made.key.scopes)}). It is shown only now.")
        result(made.secret.text)
