"""The OpenAPI document: what FastAPI makes of the routes, with request bodies, problem documents and keys added."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel

from tirage import __version__
from tirage.api import examples
from tirage.api.errors import PROBLEM_TYPE

_REF = "#/components/schemas/{model}"
DESCRIPTION = """\
Personalised pictures and documents from designs. Send your API key as `Authorization: Bearer KEY` or `X-API-Key: KEY`.
Errors are problem documents (RFC 9457) with a stable `code`. Every request that creates something takes an
`Idempotency-Key`: repeated with the same key, it is answered with what it was answered before.
"""

_PROBLEM: dict[str, Any] = {
    "type": "object",
    "title": "Problem",
    "required": ["type", "title", "status", "detail", "message", "code", "requestId", "errors"],
    "properties": {
        "type": {"type": "string", "description": "Where the code is explained."},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "message": {"type": "string", "description": "The same words as `detail`."},
        "code": {"type": "string", "description": "Stable, for programs."},
        "requestId": {"type": "string"},
        "retryable": {"type": "boolean", "description": "Whether the same request may succeed later."},
        "closest": {"type": "string", "description": "The nearest valid name where one was misspelt."},
        "layers": {
            "type": "array",
            "items": {"type": "string"},
            "description": "The design's layers (layer_not_found).",
        },
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["code", "message"],
                "properties": {
                    "code": {"type": "string"},
                    "message": {"type": "string"},
                    "pointer": {"type": "string", "description": "Where in the body (RFC 6901)."},
                    "hint": {"type": "string"},
                    "closest": {"type": "string"},
                    "layer": {"type": "string"},
                },
            },
        },
    },
    "examples": [
        {
            "type": "https://tirage.example/docs#layer_not_found",
            "title": "Unprocessable Entity",
            "status": 422,
            "detail": "No layer is called 'titel'. Did you mean 'title'?",
            "message": "No layer is called 'titel'. Did you mean 'title'?",
            "code": "layer_not_found",
            "requestId": "3f1c0a9be2d54c7f8a6b",
            "closest": "title",
            "layers": ["title", "photo"],
            "errors": [{"code": "layer_not_found", "message": "No layer is called 'titel'.", "closest": "title"}],
        }
    ],
}


_bodies: dict[str, type[BaseModel]] = {}


WORKSPACE: dict[str, Any] = {
    "name": "workspaceId",
    "in": "query",
    "required": False,
    "description": "The workspace; without it the key's own.",
    "schema": {"type": "string"},
}
"""The parameter of routes that work on one workspace of several, for their decorator's `openapi_extra`."""


def answers(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """The problem documents that a route may answer with, for its decorator."""
    content = {PROBLEM_TYPE: {"schema": {"$ref": _REF.format(model="Problem")}}}
    return {status: {"description": HTTPStatus(status).phrase, "content": content} for status in statuses}


def body_schema(model: type[BaseModel], *, required: bool = True) -> dict[str, Any]:
    """The request body of a route that reads it strictly by itself, for its decorator's `openapi_extra`."""
    _bodies[model.__name__] = model
    content = {"application/json": {"schema": {"$ref": _REF.format(model=model.__name__)}}}
    return {"requestBody": {"required": required, "content": content}}


def document(app: FastAPI) -> dict[str, Any]:
    """The OpenAPI 3.1 document of an application; made once."""
    if app.openapi_schema:
        return app.openapi_schema
    made = get_openapi(title="Tirage", version=__version__, description=DESCRIPTION, routes=app.routes)
    schemas: dict[str, Any] = made.setdefault("components", {}).setdefault("schemas", {})
    schemas["Problem"] = _PROBLEM
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    made["components"]["securitySchemes"] = {
        "bearer": {"type": "http", "scheme": "bearer"},
        "apiKey": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
    }
    for name, model in _bodies.items():
        schema = model.model_json_schema(by_alias=True, ref_template=_REF, mode="validation")
        schemas.update(schema.pop("$defs", {}))
        schemas[name] = schema
    for name, example in examples.SCHEMAS.items():
        schemas[name].setdefault("examples", [example])
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            _finish(operation)
            if (said := examples.ANSWERS.get(f"{method.upper()} {path}")) is not None:
                operation["responses"]["200"]["content"]["application/json"]["example"] = said
            operation["security"] = [] if _public(operation) else [{"bearer": []}, {"apiKey": []}]
    app.openapi_schema = made
    return made


def _finish(operation: dict[str, Any]) -> None:
    """FastAPI's own form of invalid parameters is not what we answer with; whatever takes a key may be too often."""
    if not _public(operation):
        operation["responses"].setdefault("429", answers(429)[429])
    told = operation["responses"].get("422", {}).get("content", {}).get("application/json", {})
    if "HTTPValidationError" in str(told):
        operation["responses"]["422"] = answers(422)[422]


def _public(operation: dict[str, Any]) -> bool:
    return "401" not in operation["responses"]
