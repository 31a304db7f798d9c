"""Models → JSON answers, as routes and repeated requests send them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import orjson
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from tirage.api.auth import Caller
from tirage.api.design_body import read_wish
from tirage.api.errors import Refused


def json_answer(
    value: BaseModel | Sequence[BaseModel], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """A model, or a bare array of them, under their wire names."""
    if isinstance(value, BaseModel):
        said: object = value.model_dump(by_alias=True)
    else:
        said = [each.model_dump(by_alias=True) for each in value]
    return Response(orjson.dumps(said), status, dict(headers or {}), "application/json")


def asked_workspace(request: Request, who: Caller) -> str:
    """The workspace that `?workspaceId` names, else the key's own.

    Raises Refused `parameter_repeated`, NotFound `workspace_not_found`.
    """
    named = request.query_params.getlist("workspaceId")
    if len(named) > 1:
        raise Refused("parameter_repeated", "The parameter workspaceId stands more than once.", pointer="workspaceId")
    return who.require_workspace(named[0]) if named else who.workspace


def strict_wish(request: Request) -> bool:
    """`?strict`: whether layer objects that no layer fits are refused. Raises as `read_wish`."""
    return read_wish(request).strict


def any_template(who: Caller) -> None:
    """Refuse a key that is bound to some designs where others could be touched. Raises Refused `insufficient_scope`."""
    if who.key.templates is not None:
        raise Refused("insufficient_scope", "This API key may use only some designs, and this concerns all of them.")
