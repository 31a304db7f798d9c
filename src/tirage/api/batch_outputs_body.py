"""What a request asks of every row of a batch (designs, formats, sizes, languages, options) → the files to be made."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from tirage.actions.batch_outputs import Wanted, Wishes, wanted_of
from tirage.actions.open_design import Design
from tirage.api.design_body import FormatName, FormatOptions, SizeName
from tirage.api.json_body import Body
from tirage.engine import formats
from tirage.engine.options import OutputOptions
from tirage.engine.sizes import ALL

Locale = Annotated[str, Field(pattern=r"^[A-Za-z]{2,3}([-_][A-Za-z0-9]{2,8})*$", max_length=35)]


class OutputFields(Body):
    """The files that every row becomes: each combination of what is named here."""

    template_ids: Annotated[
        list[Annotated[str, Field(max_length=64)]] | None,
        Field(max_length=10, description="Further designs for the same rows, beside templateId."),
    ] = None
    formats: Annotated[list[FormatName] | None, Field(min_length=1, max_length=10)] = None
    sizes: Annotated[
        Literal["all"] | Annotated[list[SizeName], Field(min_length=1, max_length=20)] | None,
        Field(description="Names of sizes that the design lists; all are all of these."),
    ] = None
    locales: Annotated[
        list[Locale] | None,
        Field(min_length=1, max_length=20, description="Languages, such as de-CH, in the place of the design's."),
    ] = None
    options: FormatOptions = Field(default_factory=FormatOptions)
    base_batch_id: Annotated[
        str | None,
        Field(max_length=64, description="A batch whose pictures are taken where a row's would be the same."),
    ] = None
    dry_run: Annotated[bool, Field(description="Check the table and its first rows, and start nothing.")] = False


def outputs_asked(fields: OutputFields, format_: str, designs: Sequence[Design]) -> tuple[Wanted, ...]:
    """The files of every row. Raises RenderProblem `format_unknown`, TemplateProblem `size_unknown`, RowProblem."""
    names: dict[str, str] = {}  # by format: two spellings of one would be two files of one name
    for each in fields.formats or [format_]:
        names.setdefault(formats.get(each).name, each.lower())
    sizes = [ALL] if fields.sizes == ALL else list(dict.fromkeys(fields.sizes or ()))
    locales = list(dict.fromkeys(fields.locales or ()))
    options = OutputOptions(**fields.options.model_dump())
    return wanted_of(designs, Wishes(list(names.values()), sizes, locales, options))
