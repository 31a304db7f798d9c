"""`/openapi.json`, and `/docs`: a page of our own that reads it, with its script and style beside it."""

from __future__ import annotations

from functools import cache
from importlib import resources

from fastapi import APIRouter, Request, Response
from starlette.responses import JSONResponse

from tirage.api.openapi import document

router = APIRouter(include_in_schema=False)
_TYPES = {"css": "text/css", "json": "application/json", "js": "text/javascript", "html": "text/html; charset=utf-8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' blob: data:; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'none'"
)


@router.get("/openapi.json")
async def openapi(request: Request) -> Response:
    """The OpenAPI 3.1 document."""
    return JSONResponse(document(request.app))


@router.get("/docs")
async def page() -> Response:
    """The interactive page."""
    return _asset("docs.html")


@router.get("/docs/codes.json")
async def codes() -> Response:
    """Every code of a problem or a warning with its sentence; generated from the code."""
    return _asset("codes.json")


@router.get("/docs/docs.js")
async def script() -> Response:
    """The page's script."""
    return _asset("docs.js")


@router.get("/docs/docs.css")
async def style() -> Response:
    """The page's style."""
    return _asset("docs.css")


def _asset(name: str) -> Response:
    headers = {"content-security-policy": POLICY, "cache-control": "no-cache"}
    return Response(_read(name), headers=headers, media_type=_TYPES[name.rpartition(".")[2]])


@cache
def _read(name: str) -> bytes:
    return (resources.files("tirage.api") / "static" / name).read_bytes()
