"""`tirage keys`: make, list and end API keys of the service of a data folder, whether it runs or not."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeVar

import typer

from tirage.cli.console import ending, result, result_json, say

if TYPE_CHECKING:
    from tirage.clock import Clock
    from tirage.db.connect import Database
    from tirage.store.keys import Key

T = TypeVar("T")
DataDir = Annotated[Path | None, typer.Option(metavar="DIR", help="Where the service keeps its data.")]

keys = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Make, list and end API keys of the service.")


@keys.callback()
def _root() -> None:
    """Make, list and end API keys of the service."""


@keys.command("create")
def create(
    name: Annotated[str, typer.Argument(metavar="NAME", help="What the key is for; shown in lists.")],
    scopes: Annotated[
        str, typer.Option(help="What it may do, with commas: render, read, write, admin.")
    ] = "render,read,write,admin",
    days: Annotated[int | None, typer.Option(min=1, help="After how many days it ends; without it, never.")] = None,
    workspace: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A workspace that it may touch, repeatable; else all.")
    ] = None,
    template: Annotated[
        list[str] | None, typer.Option(metavar="ID", help="A design that it may use, repeatable; else all.")
    ] = None,
    data_dir: DataDir = None,
) -> None:
    """Make an API key and print it, and nothing else, on standard output: it is never shown again."""
    with ending():
        from datetime import timedelta
        from typing import cast

        from tirage.actions.first_workspace import create_key
        from tirage.context import words
        from tirage.store.keys import CreatedKey, Scope

        async def make(database: Database, clock: Clock) -> CreatedKey:
            return await create_key(
                database,
                clock,
                name,
                cast("tuple[Scope, ...]", tuple(words(scopes))),
                expires_at=None if days is None else clock.now() + timedelta(days=days),
                only=tuple(workspace or ()),
                designs=tuple(template or ()),
            )

        made = _with_database(data_dir, make)
        say(f"Key {name!r} ({', '.join(made.key.scopes)}). It is shown only now.")
        result(made.secret.text)


@keys.command("list")
def list_(
    json: Annotated[bool, typer.Option("--json", help="Print the list for programs.")] = False, data_dir: DataDir = None
) -> None:
    """List the keys, newest first: id, name, scopes, how it ends, last use. Their texts are not kept anywhere."""
    with ending(json):
        from tirage.actions.first_workspace import list_keys

        async def read(database: Database, _clock: Clock) -> list[Key]:
            return await list_keys(database)

        found = _with_database(data_dir, read)
        if json:
            result_json([_told(each) for each in found])
            return
        for each in found:
            said = _told(each)
            designs = "" if each.templates is None else f", for the designs {' '.join(each.templates)}"
            used = f"used {said['lastUsedAt']}" if said["lastUsedAt"] else "never used"
            ends = f", revoked {said['revokedAt']}" if said["revokedAt"] else ""
            ends = ends or (f", ends {said['expiresAt']}" if said["expiresAt"] else "")
            result(f"{each.id}  …{each.ending}  {each.name}  ({', '.join(each.scopes)}{designs}), {used}{ends}")


@keys.command("revoke")
def revoke(
    uid: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as tirage keys list shows it.")],
    data_dir: DataDir = None,
) -> None:
    """End a key for good; a running service refuses it within seconds."""
    with ending():
        from tirage.actions.first_workspace import revoke_key

        async def end(database: Database, clock: Clock) -> Key:
            return await revoke_key(database, clock, uid)

        ended = _with_database(data_dir, end)
        say(f"The key {ended.name!r} is revoked.", mark="✓", colour="green")


def _with_database(data_dir: Path | None, work: Callable[[Database, Clock], Awaitable[T]]) -> T:
    """What `work` gives, with the database of the settings started or found running, and migrated."""
    import asyncio

    from tirage.cli.service_settings import read
    from tirage.clock import SystemClock
    from tirage.context import running_database
    from tirage.db.connect import Database
    from tirage.db.migrate import migrate

    settings = read({"data_dir": None if data_dir is None else str(data_dir)})
    with running_database(settings) as address:
        migrate(address)

        async def within() -> T:
            async with Database(address, connections=2) as database:
                return await work(database, SystemClock())

        return asyncio.run(within())


def _told(key: Key) -> dict[str, object]:
    moments = {"createdAt": key.created_at, "expiresAt": key.expires_at, "revokedAt": key.revoked_at,
               "lastUsedAt": key.last_used_at}  # fmt: skip
    return {
        "id": key.id,
        "name": key.name,
        "ending": key.ending,
        "scopes": list(key.scopes),
        "templates": None if key.templates is None else list(key.templates),
        "workspaces": list(key.workspaces),
        **{name: moment and moment.isoformat(timespec="seconds") for name, moment in moments.items()},
    }
