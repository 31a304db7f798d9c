"""The service has pictures made for its layers, and keeps them in its storage."""

from __future__ import annotations

import base64
import dataclasses
import json
from collections.abc import Iterator

import pytest
from tests.db.fixtures import Tenant
from tests.harness.evil import png
from tests.harness.provider import ImagesService, images_service

from tirage.actions.create_template import create_template
from tirage.actions.open_design import OpenDesigns
from tirage.actions.render_request import LayerObject, draw_row, read_row
from tirage.actions.row_jobs import Output
from tirage.assets.providers import BlobShelf
from tirage.context import Service, open_maker
from tirage.engine.errors import ResourceProblem
from tirage.settings import Settings

PHOTO = f"data:image/png;base64,{base64.b64encode(png(4, 4)).decode()}"
MANY = [{"name": str(number), "url": PHOTO} for number in range(6)]
pytestmark = pytest.mark.anyio
DOCUMENT = {
    "name": "Art", "width": 60, "height": 40,
    "layers": [{"type": "image", "name": "art", "width": 60, "height": 40}],
}  # fmt: skip


@pytest.fixture
def images() -> Iterator[ImagesService]:
    """A service that makes pictures."""
    with images_service() as running:
        yield running


async def test_a_request_brings_a_prompt(service: Service, alice: Tenant, bob: Tenant, images: ImagesService) -> None:
    """The wire's keys make a picture; asked again it comes from storage, and another workspace has its own."""
    maker = open_maker(Settings(ai_url=images.url, ai_key="sk"), BlobShelf(service.blobs))
    service = dataclasses.replace(service, maker=maker)
    params: list[LayerObject] = [
        {"name": "art", "prompt": "a kite", "referenceImages": [{"name": "kite", "url": PHOTO}]}
    ]
    drawn = []
    for tenant in (alice, alice, bob):
        record = await create_template(service, tenant.id, json.dumps(DOCUMENT).encode())
        design = await OpenDesigns().open(service, tenant.id, record.id, record.version)
        row = await read_row(service, design, params)
        drawn.append((await draw_row(service, row, Output("png"))).files[0].data)
    await maker.aclose()
    assert drawn[0] == drawn[1] == drawn[2] and len(images.asked) == 2
    assert images.asked[0].path == "/v1/images/edits" and images.asked[0].fields["size"] == "1536x1024"


async def test_a_service_without_a_provider_says_so(service: Service, alice: Tenant) -> None:
    """The problem names the layer, so that the answer can."""
    record = await create_template(service, alice.id, json.dumps(DOCUMENT).encode())
    design = await OpenDesigns().open(service, alice.id, record.id, record.version)
    with pytest.raises(ResourceProblem) as failed:
        await read_row(service, design, [{"name": "art", "prompt": "a kite"}])
    assert (failed.value.code, failed.value.problems[0].layer) == ("provider_missing", "art")
    with pytest.raises(ResourceProblem) as crowded:
        await read_row(service, design, [{"name": "art", "prompt": "x", "sourceImage": PHOTO, "referenceImages": MANY}])
    assert crowded.value.code == "pictures_too_many"
