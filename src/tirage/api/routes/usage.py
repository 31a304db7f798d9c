"""`/workspaces/{id}/usage`: how many pictures a workspace made this month, and how many it may make."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import Field

from tirage.actions.picture_answer import Wire, timestamp
from tirage.api.auth import Caller, caller, service_of
from tirage.api.openapi import answers
from tirage.store import usage

router = APIRouter(tags=["Workspaces"])


_EXAMPLE = {
    "month": "2026-11",
    "pictures": 1312,
    "quota": 5000,
    "remaining": 3688,
    "resetsAt": "2026-12-01T00:00:00.000Z",
}


class WireUsage(Wire):
    """The pictures of a calendar month (UTC)."""

    month: str
    pictures: int
    quota: int | None = Field(description="The most of a month; null is without a limit.")
    remaining: int | None
    resets_at: str


@router.get(
    "/workspaces/{workspace_id}/usage",
    response_model=WireUsage,
    responses={200: {"content": {"application/json": {"example": _EXAMPLE}}}, **answers(401, 403, 404, 503)},
    summary="Pictures of this month",
)
async def get_usage(workspace_id: str, request: Request, who: Annotated[Caller, Depends(caller("read"))]) -> WireUsage:
    """The pictures that the workspace made this month; with a quota, deleted ones count too."""
    service = service_of(request)
    now = service.clock.now()
    async with service.database.workspace(who.require_workspace(workspace_id)) as tx:
        used = await usage.used(tx, now)
    quota = service.settings.monthly_pictures or None
    return WireUsage(
        month=usage.month_of(now).isoformat()[:7],
        pictures=used,
        quota=quota,
        remaining=None if quota is None else max(0, quota - used),
        resets_at=timestamp(usage.next_month(now)),
    )
