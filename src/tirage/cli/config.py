"""`tirage config`: every setting as it holds, and where that comes from."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from tirage.cli.console import coloured, ending, result, result_json


def config(json: Annotated[bool, typer.Option("--json", help="Print the table for programs.")] = False) -> None:
    """Show each setting with its value and its origin: environment, file or default. Secrets stay hidden."""
    with ending(json):
        from tirage.cli.service_settings import trace

        told = trace({})
        if json:
            result_json(
                [
                    {"name": each.setting.name, "value": each.shown, "origin": each.origin, "unit": each.setting.unit}
                    for each in told
                ]
            )
            return
        wide = max(len(each.setting.variable) for each in told)
        for each in told:
            value = f"{each.shown} {each.setting.unit}".strip() or "(empty)"
            line = f"{each.setting.variable.ljust(wide)}  {value}  ({each.origin})"
            result(line if each.origin == "default" else coloured(line, "bold", sys.stdout))
