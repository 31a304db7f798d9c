"""Row → what it needs → job: the parent's half of the pipeline (bind, collect, resolve, recipe) for one template."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from tirage.actions.jobs import DrawJob
from tirage.actions.templates import LoadedTemplate
from tirage.assets.fetched import Fetched
from tirage.assets.local import LocalFiles
from tirage.assets.resolve import resolve
from tirage.context import Context
from tirage.engine.bind import CANVAS, apply, bind
from tirage.engine.collect import collect
from tirage.engine.errors import Problem, ResourceProblem, TemplateProblem, closest
from tirage.engine.layer import Layer, properties_of
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.recipe import recipe
from tirage.engine.resources import ROW_SCHEME, FontRef, ImageRef
from tirage.engine.template import BoundTemplate, Json, Template
from tirage.pool.job import Job

WORKSPACE = "local"
_REMOTE = re.compile(r"https?:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Output:
    """The format by name, and the options for it."""

    format: str = "png"
    options: OutputOptions = field(default_factory=OutputOptions)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where relative picture paths start: the template's, those of rows, and what is open beside them."""

    template: Path
    rows: tuple[Path, ...]
    allowed: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """A row bound to its template, with the sources of the pictures that it needs, each once."""

    bound: BoundTemplate
    sources: tuple[str, ...]

    @property
    def is_remote(self) -> bool:
        """Whether some picture has to be fetched."""
        return any(_REMOTE.match(source) for source in self.sources)


@dataclass(frozen=True, slots=True)
class DrawOrder:
    """A job ready for the pool, and the recipe of what it will give."""

    recipe: str
    job: Job


class RowJobs:
    """Turns the rows of one run into jobs; what no row changes is worked out once.

    `settings` are values that rank above a row's columns, by variable or `layer.key`.
    """

    def __init__(
        self,
        context: Context,
        loaded: LoadedTemplate,
        folders: Folders,
        output: Output,
        *,
        settings: Mapping[str, Json] | None = None,
        layout_only: bool = False,
    ) -> None:
        self.template = loaded.template
        self.output = output
        self._context = context
        self._document = loaded.document
        self._layout_only = layout_only
        self._settings = _placed(loaded.template, settings or {})
        self._template_files = LocalFiles([folders.template], allow_paths=folders.allowed)
        self._row_files = LocalFiles(folders.rows, allow_paths=folders.allowed)
        self._fonts: dict[frozenset[FontRef], frozenset[str]] = {}
        self._shared: dict[str, Fetched] | None = None
        self._key = loaded.template.digest

    def bind(self, values: Mapping[str, Json]) -> Bound:
        """Bind a row. Raises RowProblem."""
        bound = bind(self.template, {**values, **self._settings} if self._settings else values)
        return Bound(bound, _sources(bound))

    def resolve(self, bound: Bound) -> dict[str, Fetched]:
        """The pictures of a row, read or fetched; blocks. Raises ResourceProblem naming the layer of each failure."""
        found = self._resolve(bound.sources)
        failures = [(source, each) for source, each in found.items() if isinstance(each, ResourceProblem)]
        if failures:
            raise _failed(bound.bound, failures)
        return {source: each for source, each in found.items() if isinstance(each, Fetched)}

    def order(self, bound: Bound, found: Mapping[str, Fetched]) -> DrawOrder:
        """The job and its recipe, once the pictures are there."""
        shared = self._share(found)
        own = {source: each for source, each in found.items() if shared.get(source) != each}
        mark = recipe(
            bound.bound,
            {source: each.sha256 for source, each in found.items()},
            self._font_keys(bound.bound),
            {"format": self.output.format, **asdict(self.output.options)},
        )
        document = self.template.document
        job = DrawJob(
            template=self._key,
            overrides=bound.bound.overrides,
            # Later ones of the same source win, should a file have changed while the run goes on.
            sources=tuple((source, each.sha256) for source, each in (*shared.items(), *own.items())),
            format=self.output.format,
            options=self.output.options,
            meta=Meta(recipe=mark, title=document.name, language=document.settings.locale),
            layout_only=self._layout_only,
        )
        return DrawOrder(
            mark,
            Job(
                template_key=self._key,
                workspace=WORKSPACE,
                header=job.header(),
                parts=[each.data for each in own.values()],
                resident=[self._document, *(each.data for each in shared.values())],
            ),
        )

    def _share(self, found: Mapping[str, Fetched]) -> dict[str, Fetched]:
        """The pictures of the template itself; they travel to a child once. Settled with the first row drawn."""
        if self._shared is None:
            fixed = set(_sources(apply(self.template, {})))
            self._shared = {source: each for source, each in found.items() if source in fixed}
            # Children keep the painted unchanging layers by this key: other bytes, other key.
            marks = "".join(f" {source} {each.sha256}" for source, each in self._shared.items())
            self._key = hashlib.sha256((self.template.digest + marks).encode()).hexdigest()
        return self._shared

    def _resolve(self, sources: Iterable[str]) -> dict[str, Fetched | ResourceProblem]:
        plain, brought = [], {}
        for source in sources:
            if source.startswith(ROW_SCHEME):
                brought[source.removeprefix(ROW_SCHEME)] = source
            else:
                plain.append(source)
        fetcher = self._context.fetcher() if any(_REMOTE.match(source) for source in plain) else None
        deadline = self._context.settings.fetch_seconds
        found = dict(resolve(plain, base=self._template_files, fetcher=fetcher, deadline=deadline))
        for source, each in resolve(brought, base=self._row_files).items():
            found[brought[source]] = each
        return found

    def _font_keys(self, bound: BoundTemplate) -> frozenset[str]:
        refs = frozenset(ref for ref in collect(bound) if isinstance(ref, FontRef))
        keys = self._fonts.get(refs)
        if keys is None:
            keys = self._fonts[refs] = self._context.fonts.serving(refs)
        return keys


def _sources(bound: BoundTemplate) -> tuple[str, ...]:
    return tuple(ref.source for ref in collect(bound) if isinstance(ref, ImageRef))


def _placed(template: Template, settings: Mapping[str, Json]) -> dict[str, Json]:
    """Settings under names that outrank every column. Raises TemplateProblem `set_unknown` for unknown ones."""
    variables = [each.name for each in template.document.variables]
    placed: dict[str, Json] = {}
    problems = []
    for name, value in settings.items():
        layer_name, dot, key = name.rpartition(".")
        layer = template.layers.get(template.by_name.get(layer_name if dot else name, ""))
        if name in variables or (layer_name == CANVAS and dot):
            placed[name] = value
        elif layer is not None and not dot and layer.main:
            placed[f"{name}.{layer.main}"] = value
        elif layer is not None and dot and type(layer).synonyms.get(key, key) in properties_of(type(layer)):
            placed[name] = value
        else:
            valid = properties_of(type(layer)) if layer is not None and dot else [*variables, *template.by_name]
            near = closest(key if layer is not None and dot else layer_name or name, valid)
            hint = f"Did you mean {near!r}?" if near else f"There are {', '.join(list(valid)[:30])}."
            problems.append(Problem("set_unknown", f"--set {name[:100]!r} fits nowhere.", hint=hint, closest=near))
    if problems:
        raise TemplateProblem(problems)
    return placed


def _layers(layers: Sequence[Layer]) -> Iterator[Layer]:
    for layer in layers:
        yield layer
        yield from _layers(layer.nested())


def _failed(bound: BoundTemplate, failures: Sequence[tuple[str, ResourceProblem]]) -> ResourceProblem:
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
