"""The application: all routes on one screen, what every request passes, and what lives as long as the process."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from tirage import __version__
from tirage.actions.clean_up import keep_clean
from tirage.actions.deliver_hooks import send_hooks
from tirage.actions.open_design import OpenDesigns
from tirage.actions.open_link import OpenLinks
from tirage.actions.run_schedules import run_schedules
from tirage.api import docs, health, openapi, telemetry
from tirage.api.auth import KeyCache
from tirage.api.cors import Cors
from tirage.api.edge import INTERNAL, Edge
from tirage.api.errors import Told, problem_response
from tirage.api.limits import Limits
from tirage.api.metrics import Metrics
from tirage.api.routes import (
    batch,
    batch_files,
    batches,
    deliveries,
    designs,
    destinations,
    fonts,
    hooks,
    images,
    links,
    media,
    pictures,
    reports,
    schedules,
    sources,
    template_files,
    templates,
    usage,
    workspace_settings,
    workspaces,
)
from tirage.context import Service, public_url
from tirage.engine.errors import Problem, TirageError
from tirage.settings import Settings
from tirage.store import workspaces as workspace_store

ROUTERS = (
    designs.router,
    reports.router,
    batch.router,
    sources.router,
    batch_files.router,
    batches.router,
    schedules.router,
    destinations.router,
    pictures.router,  # before the files: an id has no slash
    images.router,
    templates.router,
    template_files.router,
    workspaces.router,
    workspace_settings.router,
    usage.router,
    hooks.router,
    deliveries.router,
    media.router,
    fonts.router,
    links.router,
    health.router,
    docs.router,
)
"""Every route there is."""

Opener = Callable[[], AbstractAsyncContextManager[Service]]


def create_app(settings: Settings, opener: Opener) -> Edge:
    """The ASGI application; `opener` opens its parts when it starts and closes them when it ends."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        telemetry.hide_values()
        async with opener() as service:
            app.state.service = service
            async with _background(service):
                yield

    app = FastAPI(
        title="Tirage",
        version=__version__,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        redirect_slashes=False,
        separate_input_output_schemas=False,
        telemetry=telemetry.CONFIG,
    )
    app.state.keys = KeyCache()
    app.state.designs = OpenDesigns()
    app.state.links = OpenLinks()
    app.state.limits = Limits.of(settings)
    app.state.metrics = Metrics()
    for router in ROUTERS:
        app.include_router(router)
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    app.add_exception_handler(TirageError, _tell)  # type: ignore[arg-type]
    app.add_exception_handler(HTTPException, _tell_http)  # type: ignore[arg-type]
    app.add_exception_handler(RequestValidationError, _tell_invalid)  # type: ignore[arg-type]
    app.add_exception_handler(Exception, _tell_internal)
    app.add_api_route("/", _front, include_in_schema=False)

    async def listed(workspace: str | None, origin: str) -> bool:
        return await origin_listed(app.state.service, workspace, origin)

    return Edge(
        app,
        metrics=app.state.metrics,
        cors=Cors(listed),
        base=public_url(settings),
        require_https=settings.require_https,
    )


async def origin_listed(service: Service, workspace: str | None, origin: str) -> bool:
    """Whether a workspace, or any where it is None, lists an origin for its pages."""
    if workspace is None:
        async with service.database.system() as system:
            return await workspace_store.origin_listed(system, origin)
    async with service.database.workspace(workspace) as tx:
        return origin in (await workspace_store.settings(tx)).cors_origins


@asynccontextmanager
async def _background(service: Service) -> AsyncIterator[None]:
    """What runs beside the requests, ended with them."""
    tasks = [asyncio.create_task(work(service)) for work in BACKGROUND]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task


BACKGROUND: tuple[Callable[[Service], Any], ...] = (send_hooks, run_schedules, keep_clean)
"""Coroutine functions that run as long as the process, one call each."""


async def _front() -> Response:
    return RedirectResponse("/docs", 307)


async def _tell(request: Request, error: TirageError) -> Response:
    return problem_response(request, error)


async def _tell_internal(request: Request, error: Exception) -> Response:
    request.scope["tirage.told"] = True
    return problem_response(request, Told(500, (INTERNAL,)))


async def _tell_http(request: Request, error: HTTPException) -> Response:
    path, hint = request.url.path[:200], "The routes are listed at /docs."
    if error.status_code == 404:
        said = Problem("not_found", f"There is nothing at {path!r}.", hint=hint)
    elif error.status_code == 405:
        said = Problem("method_not_allowed", f"{request.method} is not for {path!r}.", hint=hint)
    else:
        said = Problem("request_invalid", str(error.detail))
    return problem_response(request, Told(error.status_code, (said,), error.headers or {}))


async def _tell_invalid(request: Request, error: RequestValidationError) -> Response:
    problems = tuple(
        Problem("parameter_invalid", f"{each['msg']}.", "/".join(str(part) for part in each["loc"][1:])[:200])
        for each in error.errors()[:50]
    )
    return problem_response(request, Told(422, problems))
