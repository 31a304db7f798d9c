"""What commands share: options that several have, and texts → values, each refused with what it takes."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tirage.engine.errors import Problem, TirageError

if TYPE_CHECKING:
    from tirage.context import Context
    from tirage.settings import Settings

SIZE_FIELD = "{size}"
"""In names of files: the size of the template that is drawn."""
_LOCALE = re.compile(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8}){0,4}")
_ROWS = re.compile(r"(\d*)(-?)(\d*)")

# Options that more than one command has.
AllowHosts = Annotated[
    list[str] | None, typer.Option(metavar="HOST", help="Fetch from this host or network although it is private.")
]
AllowPaths = Annotated[list[Path] | None, typer.Option(metavar="DIR", help="Read pictures from this folder too.")]
Encoding = Annotated[str | None, typer.Option(metavar="E", help="The table's encoding, where it is not UTF-8.")]
Delimiter = Annotated[str | None, typer.Option(metavar="D", help="The table's delimiter: a character, or tab.")]
LocaleName = Annotated[
    str | None, typer.Option(metavar="L", help="Numbers, dates and line breaks as in this language, such as de-CH.")
]
SizeNames = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME", help="This size of the template; all is every one. May be repeated."),
]
Sheet = Annotated[str | None, typer.Option(metavar="NAME", help="The sheet of a workbook; default: the first.")]


def settings_of(texts: Sequence[str]) -> dict[str, str]:
    """`name=value` texts by name; the value is taken literally, and may be empty."""
    values: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"{text!r} is not of the form layer.key=value.", param_hint="--set")
        values[name.strip()] = value
    return values


def moment_of(text: str | None) -> datetime | None:
    """A moment as ISO 8601 writes it, UTC where it names no offset."""
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text.strip())
    except ValueError:
        message = f"{text[:40]!r} is no moment; write 2026-12-24T18:00 or 2026-12-24T18:00+01:00."
        raise typer.BadParameter(message, param_hint="--clock") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def locale_of(text: str | None) -> str | None:
    """A language tag (BCP 47), as templates name their locale."""
    if text is not None and not _LOCALE.fullmatch(text):
        raise typer.BadParameter(f"{text[:40]!r} is no language; write de, de-CH or pt-BR.", param_hint="--locale")
    return text


def row_range(text: str | None) -> tuple[int, int | None]:
    """`1-100`, `7`, `10-`, `-20` as first and last row."""
    if text is None:
        return 1, None
    match = _ROWS.fullmatch(text.replace(" ", ""))
    if match is None or not (match[1] or match[3]) or max(len(match[1]), len(match[3])) > 9:
        raise typer.BadParameter(f"{text!r} is no range of rows; write 1-100, 7, 10- or -20.", param_hint="--rows")
    first = int(match[1] or 1)
    last = int(match[3]) if match[3] else (None if match[2] else first)
    if first < 1 or (last is not None and last < first):
        raise typer.BadParameter(f"{text!r} holds no row; rows count from 1.", param_hint="--rows")
    return first, last


def folders_of(paths: Sequence[Path]) -> tuple[Path, ...]:
    """Folders that exist."""
    for path in paths:
        if not path.exists():
            raise typer.BadParameter(f"{str(path)!r} does not exist.", param_hint="--allow-path")
    return tuple(paths)


def open_context(*, workers: int | None = None, allow_hosts: Sequence[str] = ()) -> Context:
    """The services of this process, by the environment's settings. Raises TirageError for what cannot be used."""
    from tirage.cli.head_start import take_pool
    from tirage.context import Context

    settings = settings_of_environment()
    if allow_hosts:
        from tirage.assets.guard import Policy

        Policy.of(allow_hosts)
    return Context(settings, workers=workers, allow_hosts=allow_hosts, pool=take_pool(workers))


def settings_of_environment() -> Settings:
    """The settings. Raises TirageError with every one that cannot be used."""
    from tirage.settings import SettingsInvalid, read_settings

    try:
        return read_settings()
    except SettingsInvalid as error:
        raise TirageError([Problem(code, sentence) for code, _, sentence in error.faults]) from None


def format_of(name: str | None, out: Path | None) -> str:
    """The canonical name of the format asked for, or told by a file's ending. Raises RenderProblem."""
    from tirage.engine import formats

    if name is not None:
        return formats.get(name.removeprefix(".")).name
    if out is not None and out.suffix and not out.is_dir():
        return formats.get(out.suffix.removeprefix(".")).name
    return "png"


def refuse_without_data(*, resume: bool, rows: bool, contact_sheet: bool) -> None:
    """Options that mean nothing for a single picture are a mistake that is told."""
    asked = {"--resume": resume, "--rows": rows, "--contact-sheet": contact_sheet}
    found = [option for option, given in asked.items() if given]
    if found:
        message = f"{' and '.join(found)} needs a table."
        raise TirageError(Problem("option_needs_data", message, hint="Name it with --data."))
