"""JSON → Template: reads a document strictly, reports all of its problems at once, each with its pointer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from tirage.engine.anchoring import anchor_problems
from tirage.engine.assemble import assembled
from tirage.engine.errors import Problem, TemplateProblem, closest
from tirage.engine.expand import compile_tree, defaults_of, expand, misfit, pattern_problem, placeholders, text_of
from tirage.engine.expressions.limits import ExpressionError
from tirage.engine.expressions.scope import Scope, truth
from tirage.engine.json_strict import as_tuples, read_json
from tirage.engine.layer import Layer, properties_of
from tirage.engine.layers import BY_TYPE
from tirage.engine.sizes import size_problems
from tirage.engine.template import (
    MAX_DEPTH,
    MAX_LAYERS,
    MAX_PIXELS,
    SCHEMA_VERSION,
    Document,
    Json,
    Pattern,
    PatternTree,
    Template,
    Variable,
)

LITERAL_PROPERTIES = frozenset(
    {"id", "name", "type", "children", "dynamic", "locked", "markup", "mask", "repeat", "anchor"}
)
"""Properties in which `{{` has no meaning."""
_PAGE_KEYS = ("width", "height", "background", "guides", "layers")
MAX_DOCUMENT_BYTES = 5_000_000
MAX_REPORTED = 100

M = TypeVar("M", bound=BaseModel)


def parse(source: bytes | str | Mapping[str, Any]) -> Template:
    """Read a template document.

    Raises TemplateProblem with every problem found (up to 100). Lengths are px; the short form with `width`, `height`
    and `layers` at the top is one page.
    """
    raw = dict(source) if isinstance(source, Mapping) else read_json(source, MAX_DOCUMENT_BYTES)
    if not isinstance(raw, dict):
        raise TemplateProblem(Problem("document_invalid", "A template is a JSON object.", ""))
    reader = _Reader()
    template = reader.read(raw)
    if template is None:
        raise TemplateProblem(reader.problems[:MAX_REPORTED])
    return template


class _Reader:
    def __init__(self) -> None:
        self.problems: list[Problem] = []
        self.patterns: dict[str, dict[str, PatternTree]] = {}
        self.names: dict[str, str] = {}
        self.ids: dict[str, str] = {}
        self.count = 0
        self.variables: tuple[Variable, ...] = ()
        self.defaults: dict[str, Json] = {}
        self.taken: set[str] = set()
        self.reserved: set[str] = set()
        self.items: dict[str, PatternTree] = {}
        """By the id of a repeated group, where its items come from."""
        self.conditions: dict[int, PatternTree] = {}
        self.local: tuple[str, ...] = ()
        """What the repetitions around the layer being read call their items."""

    def add(self, code: str, message: str, pointer: str, hint: str | None = None, **more: str | None) -> None:
        self.problems.append(Problem(code, message, pointer, hint, **more))

    def read(self, raw: dict[str, Any]) -> Template | None:
        version = raw.get("schema", SCHEMA_VERSION)
        if version != SCHEMA_VERSION or isinstance(version, bool):
            self.add(
                "schema_unsupported",
                f"This version reads schema {SCHEMA_VERSION}.",
                "/schema",
                "Update Tirage for documents of a newer version.",
            )
            return None
        full, short = dict(raw), "pages" not in raw
        if short:
            page = {key: full.pop(key) for key in _PAGE_KEYS if key in full}
            full["pages"] = [page]
        self._read_variables(full)
        pages = full["pages"] if isinstance(full["pages"], list) else []
        for layer in _walk_ids(pages):
            self.reserved.add(layer)
        full["pages"] = [
            self._page(page, "" if short else f"/pages/{index}", index) for index, page in enumerate(pages)
        ] or full["pages"]
        if self.count > MAX_LAYERS:
            self.add(
                "template_too_many_layers", f"A template has at most {MAX_LAYERS} layers, this one {self.count}.", ""
            )
            return None
        document = self._validate(Document, full, "", short=short)
        if document is not None:
            self.problems.extend(size_problems(document, self.defaults))
            if not any(page.visible for page in document.pages):
                self.add("pages_hidden", "No page of the template is ever drawn.", "/pages/0/visible")
        if document is None or self.problems:
            return None
        return assembled(document, raw, self.patterns, self.items, self.conditions)

    def _read_variables(self, full: dict[str, Any]) -> None:
        listed = full.get("variables", [])
        seen: set[str] = set()
        read: list[Variable] = []
        for index, item in enumerate(listed if isinstance(listed, list) else []):
            variable = self._validate(Variable, item, f"/variables/{index}") if isinstance(item, dict) else None
            if variable is None:
                continue
            if variable.name in seen:
                self.add(
                    "variable_duplicate", f"Two variables are called {variable.name!r}.", f"/variables/{index}/name"
                )
            if variable.pattern and (wrong := pattern_problem(variable.pattern)):
                self.add(
                    "pattern_invalid",
                    f"The pattern of {variable.name!r} is no regular expression: {wrong}.",
                    f"/variables/{index}/pattern",
                )
                continue
            if variable.default not in (None, "") and (
                reason := misfit(variable, defaults_of([variable])[variable.name])
            ):
                self.add(
                    "variable_invalid", f"The default of {variable.name!r} {reason}.", f"/variables/{index}/default"
                )
            seen.add(variable.name)
            read.append(variable)
        if isinstance(listed, list) and self.problems:
            full["variables"] = []
        self.variables = tuple(read)
        self.defaults = defaults_of(self.variables)

    def _page(self, page: object, pointer: str, index: int) -> object:
        if not isinstance(page, dict):
            return page
        if isinstance(page.get("visible"), str):
            tree = self._tree(page["visible"], f"{pointer}/visible", None)
            page = {key: value for key, value in page.items() if key != "visible"}
            if isinstance(tree, str):
                page["visible"] = truth(tree)
            else:
                self.conditions[index] = tree
        width, height = page.get("width"), page.get("height")
        if isinstance(width, int) and isinstance(height, int) and width * height > MAX_PIXELS:
            self.add("page_too_large", f"A page has at most {MAX_PIXELS // 1_000_000} megapixels.", f"{pointer}/width")
        layers = page.get("layers", [])
        if not isinstance(layers, list):
            self.add("type_invalid", "`layers` is a list.", f"{pointer}/layers")
            return {**page, "layers": []}
        return {**page, "layers": self._layers(layers, f"{pointer}/layers", 1)}

    def _layers(self, layers: list[Any], pointer: str, depth: int) -> list[Any]:
        if depth > MAX_DEPTH:
            self.add("template_too_deep", f"Groups are nested at most {MAX_DEPTH} deep.", pointer)
            return []
        self.count += len(layers)
        if self.count > MAX_LAYERS:
            return []
        pointers: dict[str, str] = {}
        read: list[Layer] = []
        for index, raw in enumerate(layers):
            if (layer := self._layer(raw, f"{pointer}/{index}", depth)) is not None:
                pointers[layer.id] = f"{pointer}/{index}"
                read.append(layer)
        if len(read) == len(layers):  # else a name may be missed that only could not be read
            self.problems.extend(anchor_problems(read, pointers))
        return read

    def _layer(self, raw: object, pointer: str, depth: int) -> Layer | None:
        if not isinstance(raw, dict):
            self.add("type_invalid", "A layer is an object.", pointer)
            return None
        kind = BY_TYPE.get(raw["type"]) if isinstance(raw.get("type"), str) else None
        if kind is None:
            given = raw.get("type")
            near = closest(given, BY_TYPE)
            hint = f"There are {', '.join(BY_TYPE)}."
            self.add("layer_type_unknown", "This layer type is not known.", f"{pointer}/type", hint, closest=near)
            return None
        layer: dict[str, Any] = {kind.synonyms.get(str(key), str(key)): value for key, value in raw.items()}
        self._name(layer, pointer)
        if "children" in layer and kind is BY_TYPE["group"]:
            children, around = layer["children"], self.local
            if isinstance(layer.get("repeat"), dict):
                self.local = (*around, *self._repeat(layer, layer["repeat"], f"{pointer}/repeat"))
            if isinstance(children, list):
                layer["children"] = self._layers(children, f"{pointer}/children", depth + 1)
            self.local = around
        patterns = self._compile(layer, pointer)
        for key, tree in patterns.items():
            names = frozenset(placeholders(tree))
            try:
                stand_in = expand(tree, Scope(self.defaults))
            except ExpressionError:
                stand_in = None  # it needs what only a row brings
            known = properties_of(kind).get(key)
            if known and known.is_boolean and isinstance(tree, Pattern) and tree.whole and stand_in is not None:
                stand_in = truth(stand_in)
            self._stand_in(layer, kind, key, stand_in, names, pointer)
        validated = self._validate(kind, layer, pointer)
        if validated is None:
            return None
        if patterns:
            self.patterns[validated.id] = patterns
        self._check_mask(validated, pointer)
        return validated

    def _repeat(self, layer: dict[str, Any], repeat: dict[str, Any], pointer: str) -> tuple[str, ...]:
        """Note where the items of a repeated group come from; what they and their numbers are called."""
        self.items[str(layer["id"])] = self._tree(repeat.get("items"), f"{pointer}/items", layer.get("name"))
        names = repeat.get("as", "item"), repeat.get("index", "index")
        if names[0] == names[1]:
            self.add("repeat_invalid", "An item and its number cannot be called the same.", f"{pointer}/index")
        if isinstance(repeat.get("items"), str) and isinstance(self.items[str(layer["id"])], str):
            hint = 'Name a variable of the type list, as in "{{ products }}".'
            self.add(
                "repeat_invalid", "The items are a list, or an expression that gives one.", f"{pointer}/items", hint
            )
        if layer.get("mask") is not None:
            hint = "Put the children into a group of their own, and mask that."
            self.add("repeat_invalid", "A repeated group is not masked by one of its children.", pointer, hint)
        return tuple(name for name in names if isinstance(name, str))

    def _tree(self, value: Any, pointer: str, layer: object) -> PatternTree:
        """A value compiled, with all that is wrong in it told."""
        tree, problems = compile_tree(value, pointer)
        self.problems.extend(problems)
        for name in sorted(set(placeholders(tree)) - self.defaults.keys() - set(self.local)):
            near = closest(name, (*self.defaults, *self.local))
            hint = f"Did you mean {near!r}?" if near else f'Add {{"name": "{name}"}} to `variables`.'
            said = str(layer) if layer is not None else None
            self.add("variable_unknown", f"No variable is called {name!r}.", pointer, hint, closest=near, layer=said)
        return tree

    def _stand_in(
        self, layer: dict[str, Any], kind: type[Layer], key: str, value: Any, names: frozenset[str], pointer: str
    ) -> None:
        """Put a property's value for variables at their defaults where rows will put theirs."""
        known = properties_of(kind).get(key)
        if known is None:
            return  # the model says that it is unknown
        if known.is_text:
            layer[key] = text_of(value)
        elif value in (None, "") or any(self.defaults.get(name) in (None, "") for name in names):
            del layer[key]  # nothing to check yet: the type's own default stands in until a row speaks
        else:
            try:
                layer[key] = known.adapter.validate_python(value)
            except ValidationError as error:
                del layer[key]
                for detail in error.errors(include_url=False):
                    detail["loc"] = (key, *detail["loc"])
                    self._report(detail, kind, layer, pointer)

    def _name(self, layer: dict[str, Any], pointer: str) -> None:
        """Give a layer its id and name where it has none, and see that both are its own."""
        if "id" not in layer:
            wanted = re.sub(r"[^A-Za-z0-9_-]+", "-", str(layer.get("name", "")))[:56].strip("-") or str(
                layer.get("type")
            )
            candidate, number = wanted, 2
            while candidate in self.taken or candidate in self.reserved or candidate == "canvas":
                candidate, number = f"{wanted}-{number}", number + 1
            layer["id"] = candidate
        layer.setdefault("name", layer["id"])
        for key, seen in (("id", self.ids), ("name", self.names)):
            value = layer[key]
            if not isinstance(value, str):
                continue
            if value == "canvas":
                self.add(
                    "name_reserved", "`canvas` is the page itself; a layer cannot bear that name.", f"{pointer}/{key}"
                )
            elif value in seen:
                self.add(
                    f"{key}_duplicate",
                    f"Another layer has the {key} {value[:99]!r} already.",
                    f"{pointer}/{key}",
                    f"The first one is at {seen[value]}.",
                )
            else:
                seen[value] = pointer
        self.taken.add(str(layer["id"]))

    def _compile(self, layer: dict[str, Any], pointer: str) -> dict[str, PatternTree]:
        found: dict[str, PatternTree] = {}
        for key, value in layer.items():
            if key in LITERAL_PROPERTIES:
                continue
            tree = self._tree(value, f"{pointer}/{_escape(key)}", layer.get("name"))
            names = set(placeholders(tree))
            if names or (isinstance(value, str) and "{{" in value):
                found[key] = tree
        return found

    def _check_mask(self, layer: Layer, pointer: str) -> None:
        mask = getattr(layer, "mask", None)
        if mask is None:
            return
        children = [child.id for child in layer.nested()]
        if mask.layer not in children:
            near = closest(mask.layer, children)
            self.add(
                "mask_unknown",
                "A group is masked by one of its own children.",
                f"{pointer}/mask/layer",
                "Name a child's id.",
                closest=near,
                layer=layer.name,
            )

    def _validate(self, model: type[M], value: Any, pointer: str, *, short: bool = False) -> M | None:
        try:
            return model.model_validate(as_tuples(value), strict=True)
        except ValidationError as error:
            details = error.errors(include_url=False)
            for detail in details:
                # A list whose items fail is also called too short, which is no problem of its own.
                if detail["type"] != "too_short" or len(details) == 1:
                    self._report(detail, model, value, pointer, short=short)
        return None

    def _report(self, detail: Any, model: type[BaseModel], value: Any, pointer: str, *, short: bool = False) -> None:
        place = [str(part) for part in detail["loc"]]
        if short and place[:2] == ["pages", "0"]:
            place = place[2:]
        at = "".join(f"/{_escape(part)}" for part in place)
        name = value.get("name") if isinstance(value, dict) and issubclass(model, Layer) else None
        layer = name if isinstance(name, str) else None
        match detail["type"]:
            case "extra_forbidden":
                near = closest(place[-1], _names(model)) if len(place) == 1 else None
                hint = f"Did you mean {near!r}?" if near else None
                self.add(
                    "property_unknown",
                    f"{place[-1][:100]!r} is not known here.",
                    pointer + at,
                    hint,
                    closest=near,
                    layer=layer,
                )
            case "missing":
                self.add("property_missing", f"{place[-1]!r} is missing.", pointer + at, layer=layer)
            case kind:
                code = kind if kind.endswith("_invalid") else "value_invalid"
                message = detail["msg"].replace("Input should", f"{place[-1] if place else 'This'!r} should", 1)
                message = message[:1].upper() + message[1:]
                # Of a choice, the library tells the valid values in a sentence only; one of them may be meant.
                valid = re.findall("'([^']*)'", detail["ctx"]["expected"]) if kind == "literal_error" else ()
                near = closest(detail["input"], valid)
                hint = f"Did you mean {near!r}?" if near else None
                self.add(code, f"{message}.", pointer + at, hint, closest=near, layer=layer)


def _walk_ids(pages: list[Any]) -> Iterator[str]:
    """The ids that the document itself gives, so that none is made up twice."""
    waiting: list[Any] = [layer for page in pages if isinstance(page, dict) for layer in _list(page.get("layers"))]
    while waiting:
        layer = waiting.pop()
        if isinstance(layer, dict):
            if isinstance(layer.get("id"), str):
                yield layer["id"]
            waiting.extend(_list(layer.get("children")))


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _names(model: type[BaseModel]) -> list[str]:
    return [info.alias or attribute for attribute, info in model.model_fields.items()]


def _escape(part: str) -> str:
    """A key as a step of a JSON pointer (RFC 6901, 3)."""
    return part[:100].replace("~", "~0").replace("/", "~1")
