"""`/images/{id}`: one picture by its id: its record with the recipe, drawing it again, and the proof of its bytes."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from starlette.convertors import Convertor, register_url_convertor

from tirage.actions.delete_picture import own_picture
from tirage.actions.picture_answer import WirePicture, picture, plain
from tirage.actions.picture_record import WireRecord, WireVerdict, record, verdict
from tirage.actions.redraw_picture import rerender_picture
from tirage.actions.verify_picture import verify_picture
from tirage.api.answers import json_answer
from tirage.api.auth import Caller, caller, designs_of, service_of
from tirage.api.idempotent import begin_once
from tirage.api.openapi import answers
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.store.images import Image


class _Id(Convertor[str]):
    """An id of our own making: a file below `/images` has a slash in its path and is never one."""

    regex = "[0-9a-f]{10}"

    def convert(self, value: str) -> str:
        """As it is."""
        return value

    def to_string(self, value: str) -> str:
        """As it is."""
        return value


register_url_convertor("picture", _Id())
# The pattern is for the document: the convertor lets nothing else through.
Uid = Annotated[str, Path(pattern=f"^{_Id.regex}$")]
router = APIRouter(tags=["Images"])
_STEM = "https://pictures.example/images/d12fb6f526/e26ca071c7"
_PICTURE: dict[str, Any] = {
    "id": "5dc9f10c4a",
    "templateId": "debca16f99",
    "imageUrl": f"{_STEM}.png",
    "thumbnailUrl": f"{_STEM}-thumb.png",
    "retinaThumbnailUrl": f"{_STEM}-thumb-2x.png",
    "metadata": "certificate 17",
    "width": 1200,
    "height": 630,
    "status": "succeeded",
    "createdAt": "2026-11-22T12:00:00.000Z",
    "format": "png",
    "urls": {"full": f"{_STEM}.png", "regular": f"{_STEM}-regular.png", "thumb": f"{_STEM}-thumb.png"},
    "downloadUrl": f"{_STEM}.png?download",
    "color": "#1a73e8",
    "palette": ["#1a73e8", "#ffffff"],
    "user": None,
    "credits": [],
    "warnings": [],
}
_RECORD: dict[str, Any] = {
    **_PICTURE,
    "templateVersion": 3,
    "sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "bytes": 48213,
    "recipe": {
        "sha256": "2c26b46b68ffc68ff99b453c1d30413413422d706483bfa0f98a5e886266e7ae",
        "engine": "tirage/0.1.0 skia-python/144.1 uharfbuzz/0.57.0 x86_64",
        "params": [{"name": "title", "text": "Ann Lee"}],
        "variables": {},
        "format": "png",
        "options": {"scale": 1.0},
        "rows": [
            {
                "templateId": "debca16f99",
                "templateVersion": 3,
                "documentSha256": "fcde2b2edba56bf408601fb721fe9b5c338d10ee429ea04fae5511b68fbf8fb9",
                "moment": "2026-11-22T12:00:00.000Z",
                "images": [
                    {
                        "name": "https://cdn.example.com/photo.jpg",
                        "sha256": "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13",
                    }
                ],
                "fonts": [],
                "bundledFonts": "486ea46224d1bb4fb680f34f7c9ad96a",
            }
        ],
    },
}
_VERDICT: dict[str, Any] = {
    "id": "5dc9f10c4a",
    "verified": False,
    "expectedSha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
    "actualSha256": "60303ae22b998861bce3b28f33eec1be758a213c86c93c076dbe9f558c11c752",
    "differs": [
        {
            "kind": "resource",
            "name": "https://cdn.example.com/photo.jpg",
            "message": "The picture has other bytes.",
            "expected": "fd61a03af4f77d870fc21e05e7e80678095c92d808cfb3b5c279ee04c74aca13",
            "actual": "a4e624d686e03ed2767c0abd85c14426b0b1157d2ce81d27bb4fe4f6f01d688a",
        }
    ],
}


@router.get(
    "/images/{uid:picture}",
    response_model=WireRecord,
    responses={200: {"content": {"application/json": {"example": _RECORD}}}, **answers(401, 403, 404, 503)},
    summary="Read a picture with its recipe",
)
async def get_record(uid: Uid, request: Request, who: Annotated[Caller, Depends(caller("read"))]) -> Response:
    """The picture's facts, and what decided its bytes: version, values, options, pictures, fonts, engine."""
    service = service_of(request)
    image = await _find(service, who, uid)
    return Response(orjson.dumps(record(service.public_url, image)), 200, media_type="application/json")


@router.post(
    "/images/{uid:picture}/rerender",
    response_model=WirePicture,
    responses={
        200: {"content": {"application/json": {"example": _PICTURE}}},
        **answers(400, 401, 403, 404, 409, 422, 429, 503, 507),
    },
    summary="Draw a picture again",
)
async def post_rerender(
    uid: Uid,
    request: Request,
    who: Annotated[Caller, Depends(caller("render"))],
    latest: Annotated[bool, Query(description="Draw the design as it is now, not the version of then.")] = False,
) -> Response:
    """Draw it from its record. Equal bytes are the same picture (its file is put back if it was gone); other bytes,
    of a changed remote picture, font or engine, are a new picture."""
    service = service_of(request)
    image = await _find(service, who, uid)
    once = await begin_once(request, image.workspace_id, "POST /images/rerender")
    if once.replay is not None:
        return once.replay
    answered: list[Response] = []

    async def answering(tx: Transaction, kept: tuple[Image, ...]) -> None:
        said = orjson.dumps(plain(picture(service.public_url, kept[0])))
        answered.append(Response(said, 200, media_type="application/json"))
        await once.record(tx, answered[0])

    async with once.guarded():
        await rerender_picture(service, designs_of(request), image, latest=latest, answering=answering)
    return answered[0]


@router.post(
    "/images/{uid:picture}/verify",
    response_model=WireVerdict,
    responses={
        200: {"content": {"application/json": {"example": _VERDICT}}},
        **answers(401, 403, 404, 429, 503),
    },
    summary="Prove a picture",
)
async def post_verify(uid: Uid, request: Request, who: Annotated[Caller, Depends(caller("render"))]) -> Response:
    """Draw it from its record and compare the bytes with those that were made and those that are stored.

    `differs` names what changed since; a picture may be verified although something did, where the bytes are equal.
    """
    service = service_of(request)
    image = await _find(service, who, uid)
    return json_answer(verdict(image, await verify_picture(service, designs_of(request), image)))


async def _find(service: Service, who: Caller, uid: str) -> Image:
    """A picture of one of the key's workspaces; a foreign one is no different from none."""
    image = await own_picture(service, who.key.workspaces, uid)
    who.require_template(image.template_id)
    return image
