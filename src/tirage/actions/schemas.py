"""The models → JSON Schemas of what Tirage reads and tells (draft 2020-12)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import TypeAdapter
from pydantic.alias_generators import to_camel

from tirage.engine.layer import Model
from tirage.engine.report import REPORT_VERSION, Report
from tirage.engine.template import Document

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def template_schema() -> dict[str, Any]:
    """The schema of a template document; the short form with one page's members at the top is allowed too."""
    schema = _plain(Document.model_json_schema(by_alias=True))
    models = {model.__name__: model for model in _models(Model)}
    for name, definition in (*schema["$defs"].items(), ("Document", schema)):
        _write_defaults(definition, models[name])
    page = schema["$defs"]["Page"]["properties"]
    short = {key: page[key] for key in ("width", "height", "background", "guides", "layers")}
    schema["properties"] |= short
    schema["required"] = [each for each in schema.get("required", []) if each != "pages"]
    schema["oneOf"] = [
        {"required": ["pages"], "not": {"anyOf": [{"required": [key]} for key in short]}},
        {"required": ["width", "height"], "not": {"required": ["pages"]}},
    ]
    # Ids and names are made up where a layer has none.
    for definition in schema["$defs"].values():
        if {"id", "name", "type"} <= definition.get("properties", {}).keys():
            definition["required"] = ["type"]
    return {"$schema": DIALECT, "title": "Tirage template", **_without(schema, "title")}


def report_schema() -> dict[str, Any]:
    """The schema of the report that goes beside every picture; members without a value are left out of it."""
    schema = _plain(TypeAdapter(Report).json_schema(mode="serialization"))
    return {
        "$schema": DIALECT,
        "title": f"Tirage report, version {REPORT_VERSION}",
        **_camel(_without(schema, "title")),
    }


def _models(base: type[Model]) -> Iterator[type[Model]]:
    for model in base.__subclasses__():
        yield model
        yield from _models(model)


def _write_defaults(definition: dict[str, Any], model: type[Model]) -> None:
    """Defaults as documents write them: a colour as CSS, a length as a number or a percentage."""
    written = model.model_construct().model_dump(mode="json", by_alias=True, warnings=False)
    for key, member in definition.get("properties", {}).items():
        if "default" in member and key in written:
            member["default"] = written[key]


def _without(schema: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in schema.items() if name != key}


def _plain(value: Any) -> Any:
    """Without the titles that repeat the members' names."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if not (key == "title" and isinstance(item, str))}
    return [_plain(item) for item in value] if isinstance(value, list) else value


def _camel(value: Any) -> Any:
    """Members named as the report names them, none of them required: what is empty is left out."""
    if isinstance(value, list):
        return [_camel(item) for item in value]
    if not isinstance(value, dict):
        return value
    changed = {key: _camel(item) for key, item in value.items() if key != "required"}
    if isinstance(changed.get("properties"), dict):
        changed["properties"] = {to_camel(key): item for key, item in changed["properties"].items()}
    return changed
