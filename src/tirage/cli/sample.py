"""`tirage sample`: a table of random but plausible data for a template."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import TextIOWrapper
from itertools import chain
from pathlib import Path
from typing import Annotated, TextIO

import typer

from tirage.cli.console import ending
from tirage.engine.errors import Problem, TirageError


def sample(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="A template's file, or the name of a starter.")],
    count: Annotated[
        int, typer.Option("-n", "--count", min=0, max=1_000_000, metavar="N", help="How many rows.")
    ] = 100,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same rows.")] = 1,
    locale: Annotated[str, typer.Option(metavar="L", help="Whose names and places, such as de_DE.")] = "en_US",
    out: Annotated[Path | None, typer.Option(metavar="FILE.csv", help="Default: standard output.")] = None,
) -> None:
    """Write a CSV of random but plausible data with a column for each variable of the template."""
    with ending():
        from tirage.actions.sample_fields import sample_fields
        from tirage.actions.templates import load_template
        from tirage.sampling import sample_rows
        from tirage.tables import CsvWriter

        fields = list(sample_fields(load_template(template).template))
        if not fields:
            message = "The template has no variables and names no dynamic properties."
            raise TirageError(Problem("nothing_to_sample", message, hint="Add `variables` to it."))
        try:
            rows = sample_rows(fields, count, seed, locale)
            first = next(rows, None)
        except ValueError as error:
            raise TirageError(Problem("locale_unknown", str(error))) from None
        # A picture beside the template would not be found beside the table: its cells stay empty, which means the
        # template's own.
        own = {each.name: "" for each in fields if each.type == "image" and each.default and not each.samples}
        with _stream(out) as stream:
            # The data is read back as it is; an apostrophe before a formula would be drawn.
            writer = CsvWriter(stream, [each.name for each in fields], escape_formulas=False)
            for row in chain([first] if first is not None else [], rows):
                writer.write(row | own)


@contextmanager
def _stream(out: Path | None) -> Iterator[TextIO]:
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        with out.open("w", encoding="utf-8", newline="") as file:
            yield file
        return
    text = TextIOWrapper(sys.stdout.buffer, encoding="utf-8", newline="")
    try:
        yield text
    finally:
        text.detach()  # flushes, and leaves standard output open
