"""`/links/{UID}.{ext}`: a picture by address, for mails and pages; signing such addresses, and the keys that sign."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from pydantic import ConfigDict, Field

from tirage import links
from tirage.actions.open_link import OpenLinks, secret_text, signing_key
from tirage.actions.picture_answer import Wire, timestamp
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.errors import Refused
from tirage.api.json_body import Body, read_model
from tirage.api.limits import Limits
from tirage.api.openapi import answers, body_schema
from tirage.api.routes.images import SAFE, matches
from tirage.assets.exchange import DEPTH_HEADER
from tirage.engine import formats
from tirage.engine.errors import Problem, RowProblem
from tirage.links import Override
from tirage.store import link_keys
from tirage.store.errors import NotFound

router = APIRouter(tags=["Links"])


class LinkLayer(Body):
    """What a link sets on one layer: texts, as they stand in its address."""

    model_config = ConfigDict(extra="allow")
    name: Annotated[str, Field(min_length=1, max_length=100)]


class LinkBody(Body):
    """The link to be signed."""

    format: Annotated[str, Field(max_length=10)] = "png"
    params: list[LinkLayer] = Field(default_factory=list, max_length=200)
    metadata: Annotated[str, Field(max_length=2_000)] = ""
    expires_in: Annotated[int | None, Field(ge=1, le=3_155_760_000, description="Seconds until it ends.")] = None


class WireLink(Wire):
    """A signed link."""

    url: str
    kid: str
    expires_at: str | None


class WireLinkKey(Wire):
    """A key that signs links; its secret is shown to whoever may sign."""

    kid: str
    secret: str
    date_created: str
    ends_at: str | None


@router.head("/links/{uid}.{ext}", include_in_schema=False)
@router.get(
    "/links/{uid}.{ext}",
    response_class=Response,
    responses={
        200: {"description": "The picture.", "content": {"image/*": {}, "application/pdf": {}}},
        304: {"description": "The picture is as the caller has it."},
        **answers(400, 403, 404, 410, 414, 422, 429, 503),
    },
    summary="A picture by address",
    operation_id="open_link",
)
async def open_link(uid: str, ext: str, request: Request) -> Response:
    """Draw the design of a link, or answer from what was drawn before. No key is needed where the link is signed."""
    if request.headers.get(DEPTH_HEADER, "0").strip() not in ("", "0"):
        # A rendering asks for it: a design whose picture is a link of this service could go on for ever.
        message = "The address belongs to this service, and a picture that is drawn may not wait for another one."
        raise Refused("source_self", message, hint="Put the other picture into the media library.")
    path = request.scope["raw_path"].decode("utf-8", "surrogateescape")
    query = request.scope["query_string"].decode("utf-8", "surrogateescape")
    opened: OpenLinks = request.app.state.links
    limits: Limits = request.app.state.limits

    def admit(workspace: str) -> None:
        limits.admit_link(request, workspace)

    try:
        found = await opened.open(service_of(request), designs_of(request), links.parse_link(path, query), admit=admit)
    except (links.LinkProblem, NotFound):
        limits.count_failure(request)
        raise
    # What runs, such as a countdown, is asked for again each time that a letter is opened.
    kept = f"public, max-age={found.seconds}" if found.seconds else "no-cache, max-age=0"
    headers = {**SAFE, "etag": found.etag, "cache-control": kept}
    if matches(request, found.etag):
        return Response(status_code=304, headers=headers)
    return Response(found.data, 200, headers, found.media_type)


@router.post(
    "/designs/{uid}/link",
    response_model=WireLink,
    responses=answers(400, 401, 403, 404, 413, 415, 422, 503),
    openapi_extra=body_schema(LinkBody),
    summary="Sign a link",
)
async def sign_link(uid: str, request: Request, who: Annotated[Caller, Depends(caller("render"))]) -> WireLink:
    """An address that draws the design with these values, signed with the workspace's present key."""
    service = service_of(request)
    body = await read_model(request, LinkBody)
    who.require_template(uid)
    design = await designs_of(request).locate(service, uid, who.key.workspaces, who.workspace)
    formats.get(body.format)
    now = service.clock.now()
    parameters = {"params": _params(body)} if body.params else {}
    if body.metadata:
        parameters["metadata"] = body.metadata
    until = None if body.expires_in is None else now + timedelta(seconds=body.expires_in)
    if until is not None:
        parameters["expires"] = str(int(until.timestamp()))
    async with service.database.workspace(design.workspace) as tx:
        key = await link_keys.present(tx, service.vault, now)
    signed = links.sign(signing_key(key), uid, body.format.lower(), parameters)
    return WireLink(url=service.public_url + signed, kid=key.kid, expires_at=timestamp(until) if until else None)


@router.get(
    "/link-keys",
    response_model=list[WireLinkKey],
    responses=answers(401, 403, 503),
    summary="The keys that sign links",
)
async def list_link_keys(request: Request, who: Annotated[Caller, Depends(caller("admin"))]) -> list[WireLinkKey]:
    """The keys of the key's default workspace, newest first; the first one signs and is made at the first call."""
    service = service_of(request)
    async with service.database.workspace(who.workspace) as tx:
        await link_keys.present(tx, service.vault, service.clock.now())
        found = await link_keys.list_keys(tx, service.vault)
    return [_wire(each) for each in found]


@router.post(
    "/link-keys",
    response_model=WireLinkKey,
    status_code=201,
    responses=answers(401, 403, 503),
    summary="Rotate the key that signs links",
)
async def rotate_link_key(request: Request, who: Annotated[Caller, Depends(caller("admin"))]) -> WireLinkKey:
    """A new key; links of the one before work for 30 more days."""
    service = service_of(request)
    async with service.database.workspace(who.workspace) as tx:
        return _wire(await link_keys.rotate(tx, service.vault, service.clock.now()))


@router.delete(
    "/link-keys/{kid}",
    status_code=204,
    response_class=Response,
    responses=answers(401, 403, 404, 503),
    summary="End a key that signs links",
)
async def revoke_link_key(kid: str, request: Request, who: Annotated[Caller, Depends(caller("admin"))]) -> Response:
    """End a key at once, and with it every link that it signed."""
    service = service_of(request)
    async with service.database.workspace(who.workspace) as tx:
        await link_keys.revoke(tx, kid, service.clock.now())
    return Response(status_code=204)


def _params(body: LinkBody) -> str:
    overrides = []
    for place, layer in enumerate(body.params):
        for key, value in (layer.model_extra or {}).items():
            if isinstance(value, list | dict | bool) or value is None:
                message = f"A link sets {key[:60]!r} to a text or a number."
                raise RowProblem(Problem("body_invalid", message, f"/params/{place}/{key[:60]}"))
            overrides.append(Override(layer.name, key, str(value)))
    try:
        return links.format_params(overrides)
    except ValueError as error:
        raise RowProblem(Problem("body_invalid", f"This cannot be written as a link: {error}.", "/params")) from None


def _wire(key: link_keys.LinkKey) -> WireLinkKey:
    return WireLinkKey(
        kid=key.kid,
        secret=secret_text(key),
        date_created=timestamp(key.created_at),
        ends_at=timestamp(key.ends_at) if key.ends_at else None,
    )
