"""A bound row and its pictures → job and recipe: what the command line's runs and the service's requests share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from tirage.actions.jobs import DrawJob, Ingredients
from tirage.assets.fetched import Fetched, LentFile
from tirage.assets.fontsource import NO_FONTS, FontPack
from tirage.engine.collect import collect
from tirage.engine.errors import ResourceProblem
from tirage.engine.layer import Layer
from tirage.engine.options import Meta, OutputOptions, members
from tirage.engine.recipe import recipe
from tirage.engine.resources import FontRef, ImageRef
from tirage.engine.template import BoundTemplate
from tirage.pool.job import Job


@dataclass(frozen=True, slots=True)
class Output:
    """The format by name, and the options for it."""

    format: str = "png"
    options: OutputOptions = field(default_factory=OutputOptions)
    size: str = ""
    """Which of the design's sizes is drawn; empty for the design as it is."""
    locale: str = ""
    """The language that is bound in; empty for the design's own."""


@dataclass(frozen=True, slots=True)
class DrawOrder:
    """A job ready for the pool, and the recipe of what it will give; empty where the child works it out."""

    recipe: str
    job: Job


@dataclass(frozen=True, slots=True)
class Kept:
    """What children keep of a template: its document, own fonts, and pictures that no row changes, under one key."""

    key: str
    document: bytes
    shared: Mapping[str, Fetched]
    fonts: FontPack = NO_FONTS

    @classmethod
    def of(cls, digest: str, document: bytes, shared: Mapping[str, Fetched], fonts: FontPack = NO_FONTS) -> Kept:
        """The key is of the digest and the bytes of pictures and fonts: other bytes, other painted layers."""
        marks = "".join(
            f" {hashlib.sha256(source.encode()).hexdigest()} {each.sha256}" for source, each in shared.items()
        )
        marks += "".join(f" font {key}" for key in fonts.keys)
        return cls(hashlib.sha256((digest + marks).encode()).hexdigest(), document, shared, fonts)


def draw_order(
    kept: Kept,
    bound: BoundTemplate,
    found: Mapping[str, Fetched | LentFile],
    output: Output,
    *,
    fonts: frozenset[str],
    workspace: str,
    layout_only: bool = False,
    colours: bool = False,
    reports: bool = True,
) -> DrawOrder:
    """The job of a row whose pictures are there; `fonts` are the keys of the files that may set its text."""
    own = {source: each for source, each in found.items() if kept.shared.get(source) != each}
    read = {source: each for source, each in found.items() if isinstance(each, Fetched)}
    mark = recipe_of(bound, read, output, fonts) if len(read) == len(found) else ""
    document = bound.template.document
    job = DrawJob(
        template=kept.key,
        overrides=bound.overrides,
        # Later ones of the same source win, should a file have changed while the run goes on.
        sources=tuple((source, _hash(each)) for source, each in (*kept.shared.items(), *own.items())),
        format=output.format,
        options=output.options,
        meta=Meta(recipe=mark, title=document.name, language=bound.locale, palette=colours),
        layout_only=layout_only,
        fonts=kept.fonts.keys,
        reports=reports,
        ingredients=None if mark else Ingredients(tuple(found), tuple(fonts)),
    )
    return DrawOrder(
        mark,
        Job(
            template_key=kept.key,
            workspace=workspace,
            header=job.header(),
            parts=[each.data if isinstance(each, Fetched) else each for each in own.values()],
            resident=[kept.document, *kept.fonts.parts, *(each.data for each in kept.shared.values())],
        ),
    )


def _hash(picture: Fetched | LentFile) -> str:
    return picture.sha256 if isinstance(picture, Fetched) else ""


def recipe_of(bound: BoundTemplate, found: Mapping[str, Fetched], output: Output, fonts: frozenset[str]) -> str:
    """The hash of all that decides the bytes of an output."""
    pictures = {source: each.sha256 for source, each in found.items()}
    return output_recipe(bound, pictures, output.format, output.options, fonts)


def output_recipe(
    bound: BoundTemplate, pictures: Mapping[str, str], format_: str, options: OutputOptions, fonts: Iterable[str]
) -> str:
    """The same out of the hashes of the pictures by their sources."""
    return recipe(bound, pictures, fonts, {"format": format_, **members(options)})


@dataclass(frozen=True, slots=True)
class Needs:
    """What drawing a bound template takes: the sources of its pictures, each once, and the font faces it asks for."""

    sources: tuple[str, ...]
    fonts: frozenset[FontRef]

    @classmethod
    def of(cls, bound: BoundTemplate) -> Needs:
        """What its pages and layers ask for."""
        refs = collect(bound)
        return cls(
            tuple(ref.source for ref in refs if isinstance(ref, ImageRef)),
            frozenset(ref for ref in refs if isinstance(ref, FontRef)),
        )


def sources(bound: BoundTemplate) -> tuple[str, ...]:
    """The sources of the pictures that a bound template needs, each once."""
    return Needs.of(bound).sources


def font_wishes(bound: BoundTemplate) -> frozenset[FontRef]:
    """The font faces that a bound template asks for."""
    return Needs.of(bound).fonts


def failed_pictures(bound: BoundTemplate, failures: Sequence[tuple[str, ResourceProblem]]) -> ResourceProblem:
    """One problem for all of a row's pictures that could not be had, each with its layer's name."""
    homes: dict[str, str] = {}
    for page in bound.pages:
        for layer in _layers(page.layers):
            for ref in layer.images():
                homes.setdefault(ref.source, layer.name)
    problems = [
        replace(problem, layer=problem.layer or homes.get(source))
        for source, each in failures
        for problem in each.problems
    ]
    return ResourceProblem(problems, retryable=all(each.retryable for _, each in failures))


def _layers(layers: Sequence[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        yield from _layers(layer.nested())
