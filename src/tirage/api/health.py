"""Whether the process lives, whether it can serve, and its figures: for supervisors, balancers and Prometheus."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from fastapi import APIRouter, Request, Response

from tirage import __version__
from tirage.api.auth import service_of
from tirage.api.metrics import Metrics
from tirage.context import Service
from tirage.engine.errors import TirageError
from tirage.store.queue_depth import queue_depth

router = APIRouter(tags=["Operation"])


@router.get("/livez", summary="Whether the process lives")
async def livez() -> dict[str, str]:
    """Answers as long as the process does."""
    return {"status": "ok"}


@router.get(
    "/readyz",
    response_model=dict[str, Any],
    responses={503: {"description": "Something that is needed does not work."}},
    summary="Whether requests can be served",
)
async def readyz(request: Request) -> Response:
    """Asks the database and the storage, and tells how the drawing processes are walled in; 503 where one is away."""
    service = service_of(request)
    database, storage = await asyncio.gather(_database(service), _storage(service))
    report = service.pool.sandbox_report
    stats = service.pool.stats()
    ready = database["status"] == "ok" and storage["status"] == "ok"
    body = {
        "status": "ok" if ready else "unavailable",
        "version": __version__,
        "database": database,
        "storage": storage,
        "sandbox": {"status": "ok" if report.level == "strict" else "degraded", "missing": list(report.reasons)},
        "renderer": {"processes": stats.children, "running": stats.running, "waiting": stats.waiting},
    }
    return Response(orjson.dumps(body), 200 if ready else 503, {"cache-control": "no-store"}, "application/json")


@router.get("/metrics", response_class=Response, summary="Figures for Prometheus")
async def metrics(request: Request) -> Response:
    """The process's figures in Prometheus' text form, and how much of all batches waits for a worker."""
    held: Metrics = request.app.state.metrics
    service = service_of(request)
    try:
        async with service.database.system(deadline=2.0) as system:
            depth = await queue_depth(system)
    except TirageError:
        depth = None
    text, media_type = held.text(service.pool.stats(), depth)
    return Response(text, media_type=media_type)


async def _database(service: Service) -> dict[str, object]:
    try:
        durability = await service.database.durability()
    except TirageError as error:
        return {"status": "unavailable", "problem": error.code}
    return {"status": "ok", "durable": durability.durable, "warnings": [each.message for each in durability.problems]}


async def _storage(service: Service) -> dict[str, object]:
    readiness = await service.blobs.probe()
    if readiness.problem is not None:
        return {"status": "unavailable", "backend": readiness.backend, "problem": readiness.problem.code}
    return {"status": "ok", "backend": readiness.backend, "freeBytes": readiness.free_bytes}
