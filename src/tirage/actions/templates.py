"""A template's file or a starter's name → the parsed template, its document and its folder."""

from __future__ import annotations

import codecs
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tirage import starters
from tirage.engine.errors import Problem, TemplateProblem
from tirage.engine.expand import as_json
from tirage.engine.parse import MAX_DOCUMENT_BYTES, parse
from tirage.engine.sizes import chosen_sizes, for_size
from tirage.engine.template import Json, Template


@dataclass(frozen=True, slots=True)
class LoadedTemplate:
    """A template, the JSON it was read from, the folder its relative paths start from, and a stem for file names."""

    template: Template
    document: bytes
    folder: Path
    stem: str
    size: str = ""
    """Which of the template's sizes this is; empty where it is as it was written."""


def locate(name: str) -> Path:
    """The file that a command's TEMPLATE names. Raises TemplateProblem `template_not_found` with the closest name."""
    path = Path(name)
    if path.is_file():
        return path
    if name in starters.names():
        return starters.path(name)
    if path.is_dir():
        if (path / "template.json").is_file():
            return path / "template.json"
        raise TemplateProblem(Problem("template_not_found", f"{name!r} is a folder without a template.json."))
    if path.suffix or len(path.parts) > 1:
        raise TemplateProblem(
            Problem("template_not_found", f"There is no file {name[:200]!r}.", hint="`tirage starters` lists the rest.")
        )
    try:
        return starters.path(name)
    except starters.StarterUnknown as unknown:
        near = unknown.closest
        hint = f"Did you mean {near!r}?" if near else "`tirage starters` lists the starters."
        message = f"{name[:100]!r} is neither a file nor a starter."
        raise TemplateProblem(Problem("template_not_found", message, hint=hint, closest=near)) from None


def load_template(name: str) -> LoadedTemplate:
    """Read a template. Raises TemplateProblem with every problem of the document."""
    path = locate(name)
    try:
        with path.open("rb") as file:
            # Some editors begin UTF-8 with a byte order mark, which a reader may ignore (RFC 8259, 8.1).
            document = file.read(MAX_DOCUMENT_BYTES + 1).removeprefix(codecs.BOM_UTF8)
    except OSError as error:
        message = f"{str(path)!r} cannot be read: {error.strerror}."
        raise TemplateProblem(Problem("template_unreadable", message)) from None
    if not document.lstrip().startswith((b"{", b"[")):
        message = f"{str(path)!r} is not JSON, so it is no template."
        hint = "A table is named with --data; `tirage starters` lists templates to begin with."
        raise TemplateProblem(Problem("template_unreadable", message, hint=hint))
    stem = path.parent.name if path.name == "template.json" else path.name.split(".")[0]
    return LoadedTemplate(parse(document), document, path.parent, stem or "picture")


def in_sizes(loaded: LoadedTemplate, names: Sequence[str]) -> tuple[LoadedTemplate, ...]:
    """The template in each of the sizes asked for, `all` being every one; as it is where none is.

    Raises TemplateProblem `size_unknown`, or what is wrong with the template in that size.
    """
    if not names:
        return (loaded,)
    sized = []
    for name in chosen_sizes(loaded.template, names):
        document = for_size(loaded.template, loaded.document, name)
        sized.append(replace(loaded, template=parse(document), document=document, size=name))
    return tuple(sized)


def sample_row(template: Template) -> tuple[dict[str, Json], str]:
    """Values to show a template with, and where they came from: its first sample row, else the variables' samples."""
    if template.document.sample_rows:
        return sample_rows(template)[0], "its first sample row"
    samples = {each.name: as_json(each.sample) for each in template.document.variables if each.sample is not None}
    return dict(samples), "the samples of its variables" if samples else ""


def sample_rows(template: Template) -> list[dict[str, Json]]:
    """The template's sample rows as a table would bring them."""
    return [{name: as_json(value) for name, value in row.items()} for row in template.document.sample_rows]
