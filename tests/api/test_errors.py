"""Errors → statuses and documents, for every code and type there is; and what a crowd is told."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from tests.db.fixtures import running_server
from tests.harness.service import running_pool

from tirage.actions.render_request import LayersNotFound, in_slot
from tirage.api.errors import STATUSES, Refused, problem_document, status_of, told
from tirage.clock import SystemClock
from tirage.context import open_service
from tirage.db.errors import DatabaseFull, DatabaseUnavailable
from tirage.engine.errors import Problem, RenderProblem, ResourceProblem, RowProblem, TemplateProblem, TirageError
from tirage.pool.job import Job
from tirage.settings import Settings
from tirage.store.errors import Conflict, Invalid, NotFound


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (TemplateProblem(Problem("json_invalid", "x")), 400),
        (TemplateProblem(Problem("layer_unknown", "x")), 422),
        (RowProblem(Problem("value_invalid", "x")), 422),
        (ResourceProblem(Problem("source_timeout", "x"), retryable=True), 422),
        (RenderProblem(Problem("render_timeout", "x")), 422),
        (RenderProblem(Problem("renderer_busy", "x"), retryable=True), 503),
        (NotFound.of("template", "abc"), 404),
        (Conflict(Problem("key_exists", "x")), 409),
        (Conflict(Problem("version_conflict", "x")), 412),
        (Invalid(Problem("cursor_invalid", "x")), 400),
        (DatabaseUnavailable(Problem("database_unavailable", "x")), 503),
        (DatabaseFull(Problem("storage_full", "x")), 507),
    ],
)
def test_statuses(error: TirageError, status: int) -> None:
    """By the code where it has a status of its own, else by the type; whoever shall try again is told when."""
    said = told(error)
    assert status_of(error) == said.status == status
    assert ("retry-after" in said.headers) == (status in (429, 503))
    assert said.retryable == error.retryable


def test_every_status_is_one_of_http() -> None:
    """The table holds client and server errors only."""
    assert all(400 <= status < 600 for status in STATUSES.values())


def test_a_document_has_bounds() -> None:
    """Many and long problems make a short document."""
    problems = [Problem("value_invalid", "x" * 10_000, f"/{number}") for number in range(200)]
    answer = problem_document(told(RowProblem(problems)), request_id="r")
    said = orjson.loads(bytes(answer.body))
    assert len(said["errors"]) == 50 and all(len(each["message"]) <= 1_000 for each in said["errors"])
    assert said["detail"] == said["message"] and len(said["detail"]) <= 1_000


def test_what_goes_beside_an_error() -> None:
    """Layers and the closest name where a layer is not found; headers where the refusal has some."""
    error = LayersNotFound([Problem("layer_not_found", "x", closest="title")], ("title", "photo"))
    said = orjson.loads(bytes(problem_document(told(error), request_id="r", base="https://a.example").body))
    assert (said["closest"], said["layers"]) == ("title", ["title", "photo"])
    assert said["type"] == "https://a.example/docs#layer_not_found"
    assert told(Refused("rate_limited", "x", headers={"retry-after": "60"})).headers["retry-after"] == "60"


@pytest.mark.check(3)
def test_a_request_that_finds_no_free_process_in_time_is_told(tmp_path: Path) -> None:
    """503 `renderer_busy`, with the time to wait; the job that waited is taken out of the line."""
    pool = running_pool()
    settings = replace(Settings(data_dir=str(tmp_path), cache_size=0), wait_seconds=0.2)

    async def crowd() -> list[object]:
        async with open_service(settings, pool, running_server(), clock=SystemClock()) as service:
            page = b'{"width": 2400, "height": 2400, "layers": []}'
            header = {"template": "t", "overrides": {}, "sources": [], "format": "webp", "layoutOnly": False}
            header |= {"options": {"lossless": True}, "meta": {}}
            jobs = [Job(f"t{number}", "crowd", header | {"template": f"t{number}"}, [page]) for number in range(8)]
            return await asyncio.gather(*(in_slot(service, job) for job in jobs), return_exceptions=True)

    outcomes = asyncio.run(crowd())
    busy = [each for each in outcomes if isinstance(each, RenderProblem) and each.code == "renderer_busy"]
    assert busy and told(busy[0]).status == 503 and pool.stats().waiting == 0
