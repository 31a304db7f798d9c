"""Sample rows for the tests of the stores."""

from __future__ import annotations

import hashlib

from tirage.ids import picture_path
from tirage.store.assets import NewAsset
from tirage.store.images import NewImage
from tirage.store.templates import NewDocument


def digest(text: str) -> bytes:
    """32 bytes that depend on a text."""
    return hashlib.sha256(text.encode()).digest()


def new_document(name: str = "Card") -> NewDocument:
    """A document of this name."""
    text = f'{{"name":"{name}", "layers":[]}}'
    return NewDocument(name, text, digest(text), '[{"type":"canvas"}]')


def new_image(job: str, *, template: str = "debca16f99", metadata: str = "", format_: str = "png") -> NewImage:
    """A picture whose address comes from a job's name."""
    folder, _, name = picture_path(b"secret", job).partition("/")
    return NewImage(
        template_id=template,
        template_version=1,
        path_folder=folder,
        path_name=name,
        extension=format_,
        format=format_,
        media_type=f"image/{format_}",
        width=1200,
        height=630,
        size=4321,
        sha256=digest(job),
        blob_key=f"images/{folder}/{name}",
        recipe=digest("recipe of " + job),
        overrides="[]",
        options="{}",
        metadata=metadata,
    )


def new_asset(name: str = "logo.png") -> NewAsset:
    """A file of the media library."""
    return NewAsset(name, "image/png", 123, digest(name), f"media/{name}", 10, 20)
