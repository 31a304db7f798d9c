"""`tirage fonts`: the families there are, and adding one's own."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from tirage.cli.console import ending, result, result_json

if TYPE_CHECKING:
    from tirage.assets.fonts import FontFace

fonts = typer.Typer(help="List the font families, or add a font of your own.", invoke_without_command=True)


@fonts.callback()
def _default(context: typer.Context) -> None:
    """List the font families, or add a font of your own."""
    if context.invoked_subcommand is None:
        list_fonts()


@fonts.command("list")
def list_fonts(
    json: Annotated[bool, typer.Option("--json", help="Print the list for programs.")] = False,
) -> None:
    """List the families with their weights: your own first, then those that come along."""
    with ending(json):
        from tirage.assets.fonts import bundled, user_fonts

        families = [*_families(user_fonts(), "own"), *_families(bundled().faces, "bundled")]
        if json:
            result_json(families)
            return
        wide = max(len(each["family"]) for each in families)
        for each in families:
            italic = " + italic" if each["italic"] else ""
            own = "  (own)" if each["origin"] == "own" else ""
            result(f"{each['family'].ljust(wide)}  {' '.join(map(str, each['weights']))}{italic}{own}")


@fonts.command("add")
def add_font(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="TTF, OTF, TTC or WOFF2.")],
    json: Annotated[bool, typer.Option("--json", help="Print what was added for programs.")] = False,
) -> None:
    """Check fonts and put them into the folder of your own ones."""
    with ending(json):
        from tirage.assets.fonts import add, user_dir

        faces = [face for file in files for face in add(file)]
        if json:
            result_json(_families(faces, "own"))
            return
        for face in faces:
            result(f"{face.family} {face.weight}{' italic' if face.italic else ''} → {user_dir()}")


def _families(faces: Iterable[FontFace], origin: str) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for face in faces:
        entry = found.setdefault(
            face.family, {"family": face.family, "origin": origin, "weights": set(), "italic": False}
        )
        entry["weights"].add(face.weight)
        entry["italic"] = entry["italic"] or face.italic
    return [{**entry, "weights": sorted(entry["weights"])} for _, entry in sorted(found.items())]
