"""Row → what it needs → job: the parent's half of the pipeline (bind, collect, resolve, recipe) for one template."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tirage.actions.draw_order import DrawOrder as DrawOrder
from tirage.actions.draw_order import Kept, Needs, draw_order, failed_pictures
from tirage.actions.draw_order import Output as Output
from tirage.actions.templates import LoadedTemplate
from tirage.assets.fetched import Fetched, LentFile
from tirage.assets.local import LocalFiles
from tirage.assets.resolve import lend, resolve
from tirage.clock import SystemClock
from tirage.context import Context
from tirage.engine.bind import CANVAS, apply, bind
from tirage.engine.errors import Problem, ResourceProblem, TemplateProblem, closest
from tirage.engine.layer import properties_of
from tirage.engine.resources import ROW_SCHEME, FontRef
from tirage.engine.template import BoundTemplate, Json, Template
from tirage.engine.wishes import with_inputs
from tirage.pool.job import MAX_FILES

WORKSPACE = "local"
_REMOTE = re.compile(r"https?:|ai:", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Folders:
    """Where relative picture paths start: the template's, those of rows, and what is open beside them."""

    template: Path
    rows: tuple[Path, ...]
    allowed: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True)
class Bound:
    """A row bound to its template, with what it needs."""

    bound: BoundTemplate
    needs: Needs


class RowJobs:
    """Turns the rows of one run into jobs; what no row changes is worked out once.

    `settings` are values that rank above a row's columns, by variable or `layer.key`; `now` is the moment that all rows
    are drawn for, the present one where none is given. With `lends`, the files of rows are read and hashed by the
    children only, and the recipe of a row is known once it is drawn. Without `reports`, of what is told of a row only
    the warnings come back.
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
        lends: bool = False,
        reports: bool = True,
        now: datetime | None = None,
        locale: str | None = None,
    ) -> None:
        self.template = loaded.template
        self.output = output
        self._context = context
        self._document = loaded.document
        self._layout_only = layout_only
        self._lends = lends
        self._reports = reports
        self._now = SystemClock().now() if now is None else now
        self._locale = locale
        self._settings = _placed(loaded.template, settings or {})
        self._template_files = LocalFiles([folders.template], allow_paths=folders.allowed)
        self._row_files = LocalFiles(folders.rows, allow_paths=folders.allowed)
        self._fonts: dict[frozenset[FontRef], frozenset[str]] = {}
        self._kept: Kept | None = None

    def bind(self, values: Mapping[str, Json]) -> Bound:
        """Bind a row. Raises RowProblem."""
        row = {**values, **self._settings} if self._settings else values
        bound = bind(self.template, row, now=self._now, locale=self._locale)
        return Bound(bound, Needs.of(bound))

    def is_remote(self, bound: Bound) -> bool:
        """Whether some picture of the row has to be fetched."""
        shared = self._kept.shared if self._kept else {}
        return any(_REMOTE.match(source) and source not in shared for source in bound.needs.sources)

    def resolve(self, bound: Bound) -> dict[str, Fetched | LentFile]:
        """The pictures of a row, read, lent or fetched; blocks. Raises ResourceProblem that names the failures' layers.

        Those of the template itself are had once a run: all of its rows show the same.
        """
        wanted = bound.needs.sources
        found: dict[str, Fetched | LentFile | ResourceProblem] = self._lend(wanted)
        found |= self.fetch([source for source in wanted if source not in found])
        failures = [(source, each) for source, each in found.items() if isinstance(each, ResourceProblem)]
        if failures:
            raise failed_pictures(bound.bound, failures)
        return {source: each for source, each in found.items() if not isinstance(each, ResourceProblem)}

    def _lend(self, wanted: Sequence[str]) -> dict[str, Fetched | LentFile | ResourceProblem]:
        """The files that a row brings, open, once it is settled which pictures are the template's."""
        # Files of a row that waits for a host would lie open, uncounted, as long as it does.
        if not self._lends or self._kept is None or any(_REMOTE.match(source) for source in wanted):
            return {}
        brought = [source.removeprefix(ROW_SCHEME) for source in wanted if source.startswith(ROW_SCHEME)]
        return {ROW_SCHEME + path: file for path, file in lend(brought[:MAX_FILES], self._row_files).items()}

    def fetch(self, wanted: Sequence[str]) -> dict[str, Fetched | ResourceProblem]:
        """Pictures of any number of rows, each its bytes or its problem; blocks."""
        shared = self._kept.shared if self._kept else {}
        known: dict[str, Fetched | ResourceProblem] = {each: shared[each] for each in wanted if each in shared}
        return known | self._resolve(source for source in wanted if source not in shared)

    def keep(self, found: Mapping[str, Fetched | LentFile]) -> Kept:
        """What travels to a child once, the template's own pictures among it; settled with the first row drawn."""
        if self._kept is None:
            fixed = set(Needs.of(apply(self.template, {})).sources)
            read = {source: each for source, each in found.items() if isinstance(each, Fetched)}
            shared = {source: each for source, each in read.items() if source in fixed}
            self._kept = Kept.of(self.template.digest, self._document, shared)
        return self._kept

    def order(self, bound: Bound, found: Mapping[str, Fetched | LentFile]) -> DrawOrder:
        """The job and its recipe, once the pictures are there."""
        kept = self.keep(found)
        fonts = self._font_keys(bound.needs.fonts)
        return draw_order(
            kept,
            bound.bound,
            found,
            self.output,
            fonts=fonts,
            workspace=WORKSPACE,
            layout_only=self._layout_only,
            reports=self._reports,
        )

    def _resolve(self, wanted: Iterable[str]) -> dict[str, Fetched | ResourceProblem]:
        plain, brought = [], {}
        ready, wishes = with_inputs(wanted)
        for source in ready:
            if source.startswith(ROW_SCHEME):
                brought[source.removeprefix(ROW_SCHEME)] = source
            else:
                plain.append(source)
        fetcher = self._context.fetcher() if any(_REMOTE.match(source) for source in plain) else None
        deadline = self._context.settings.fetch_seconds
        found = dict(resolve(plain, base=self._template_files, fetcher=fetcher, deadline=deadline))
        for source, each in resolve(brought, base=self._row_files).items():
            found[brought[source]] = each
        return found | self._context.maker().make_many(wishes, found) if wishes else found

    def _font_keys(self, refs: frozenset[FontRef]) -> frozenset[str]:
        keys = self._fonts.get(refs)
        if keys is None:
            keys = self._fonts[refs] = self._context.fonts.serving(refs)
        return keys


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
            hint = f"Did you mean {near!r}?" if near else f"There are {', '.join(list(dict.fromkeys(valid))[:30])}."
            problems.append(Problem("set_unknown", f"--set {name[:100]!r} fits nowhere.", hint=hint, closest=near))
    if problems:
        raise TemplateProblem(problems)
    return placed
