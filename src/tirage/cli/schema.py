"""`tirage schema`: the JSON Schemas of what is read and told."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from tirage.cli.console import ending, result_json


class Which(StrEnum):
    """What there is a schema of."""

    TEMPLATE = "template"
    REPORT = "report"


def schema(
    which: Annotated[
        Which, typer.Argument(metavar="[template|report]", help="Of which; default: template.")
    ] = Which.TEMPLATE,
) -> None:
    """Print the JSON Schema of a template document, or of the report beside every picture."""
    with ending():
        from tirage.actions.schemas import report_schema, template_schema

        result_json(template_schema() if which is Which.TEMPLATE else report_schema())
