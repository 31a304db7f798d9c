"""A design's record and document → what the wire says of it: name, times, thumbnail, layers with the canvas first."""

from __future__ import annotations

import hmac

import orjson
from pydantic import Field, TypeAdapter

from tirage.actions.picture_answer import Wire, timestamp
from tirage.engine.layer import Layer
from tirage.engine.parse import parse
from tirage.engine.template import Template
from tirage.engine.values.length import Length
from tirage.store.templates import NewDocument, TemplateRecord
from tirage.store.vault import Vault

THUMBNAIL_SIDE = 300
"""Thumbnails of designs fit into a square of so many px."""
_PURPOSE = "design thumbnails"


class WireLayer(Wire):
    """A layer in short. Sizes are text, as existing clients read them: a number of px, or a percentage."""

    type: str
    name: str
    width: str
    height: str
    text: str | None = None


class WireTemplate(Wire):
    """A design."""

    id: str
    name: str
    thumbnail: str = Field(description=f"A PNG that fits into {THUMBNAIL_SIDE}×{THUMBNAIL_SIDE} px.")
    date_created: str
    date_updated: str
    layers: list[WireLayer]
    version: int = Field(description="Grows by one with each document that is stored; also the ETag.")


_LAYERS = TypeAdapter(list[WireLayer])


def new_document(data: bytes) -> NewDocument:
    """A document as it is stored, after it was read whole. Raises TemplateProblem with all its problems."""
    template = parse(data)
    summary = _LAYERS.dump_json(layers_of(template)).decode()
    return NewDocument(template.name, data.decode("utf-8-sig"), bytes.fromhex(template.digest), summary)


def layers_of(template: Template) -> list[WireLayer]:
    """The canvas (the first page), then every layer of every page, groups before what they hold."""
    page = template.document.pages[0]
    canvas = WireLayer(type="canvas", name="canvas", width=str(page.width), height=str(page.height))
    return [canvas, *(_layer(each) for each in template.layers.values())]


def template_answer(base: str, vault: Vault, record: TemplateRecord, document: str | None = None) -> WireTemplate:
    """A record as the wire tells it; `document` is read where the record carries no summary of its layers."""
    if record.summary:
        layers = [WireLayer(**each) for each in orjson.loads(record.summary)]
    else:
        layers = layers_of(parse((document or "").encode()))
    mark = thumbnail_mark(vault, record.id, record.version)
    return WireTemplate(
        id=record.id,
        name=record.name,
        thumbnail=f"{base}/templates/{record.id}/thumbnail/{mark}.png",
        date_created=timestamp(record.created_at),
        date_updated=timestamp(record.updated_at),
        layers=layers,
        version=record.version,
    )


def thumbnail_mark(vault: Vault, uid: str, version: int) -> str:
    """What makes the address of a thumbnail unguessable, another one for each version: pages show it without a key."""
    return hmac.digest(vault.derive(_PURPOSE), f"{uid} {version}".encode(), "sha256").hex()[:20]


def thumbnail_key(workspace: str, uid: str, version: int) -> str:
    """Where the thumbnail of a version lies."""
    return f"{workspace}/templates/{uid}/thumb-{version}.png"


def _layer(layer: Layer) -> WireLayer:
    text = getattr(layer, "text", None)
    return WireLayer(
        type=layer.type,
        name=layer.name,
        width=_size(layer.width),
        height=_size(layer.height),
        text=text if isinstance(text, str) else None,
    )


def _size(length: Length) -> str:
    return f"{length.value:g}%" if length.percent else f"{length.value:g}"
