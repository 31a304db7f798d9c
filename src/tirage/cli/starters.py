"""`tirage starters`: the templates that come along, listed or copied."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Annotated

import typer

from tirage.cli.console import ending, result, result_json
from tirage.engine.errors import Problem, TemplateProblem, TirageError


def starters(
    name: Annotated[str | None, typer.Argument(metavar="NAME", help="One of them; without it, all are listed.")] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Copy it, or all of them, into this folder, a folder each.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the list for programs.")] = False,
) -> None:
    """List the starter templates, show one's variables, or copy them to begin with."""
    with ending(json):
        from tirage import starters as shelf
        from tirage.actions.templates import locate

        if name is not None and name not in shelf.names():
            locate(name)  # says which name is near
            raise TemplateProblem(Problem("template_not_found", f"{name!r} is a file, not the name of a starter."))
        chosen = shelf.names() if name is None else (name,)
        if write is not None:
            for each in chosen:
                _copy(shelf.path(each).parent, write / each, force=force)
        if json:
            result_json([{"name": each, "description": shelf.describe(each)} for each in chosen])
        elif write is None and name is None:
            wide = max(len(each) for each in chosen)
            for each in chosen:
                result(f"{each.ljust(wide)}  {shelf.describe(each)}")
        elif write is None:
            _show(chosen[0])


def _show(name: str) -> None:
    from tirage.actions.templates import load_template

    document = load_template(name).template.document
    result(f"{document.name}: {document.description}")
    for page in document.pages:
        result(f"{page.width}×{page.height} px{', ' + page.name if page.name else ''}")
    for variable in document.variables:
        needed = ", required" if variable.required else ""
        result(f"  {variable.name} ({variable.type}{needed})  {variable.description}")


def _copy(source: Path, target: Path, *, force: bool) -> None:
    if target.exists() and not force:
        raise TirageError(
            Problem("file_exists", f"{str(target)!r} is there already.", hint="Add --force to write over it.")
        )
    shutil.copytree(source, target, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    result(str(target / "template.json"))
