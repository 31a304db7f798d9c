"""A recorded picture → what the wire says of it, in answers and in webhooks alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tirage.store.images import Image

REGULAR_WIDTH = 1080
THUMB_WIDTH = 200
PREVIEWED = frozenset({"pdf", "svg", "mp4"})
"""Extensions whose small pictures are PNG, made from a preview that is drawn with them."""
SMALL_AS_PNG = PREVIEWED | {"gif", "apng"}
"""Extensions whose small pictures are PNG; those of an animation show its first frame."""


class Wire(BaseModel):
    """The base of what is said: camelCase names."""

    model_config = ConfigDict(alias_generator=to_camel, serialize_by_alias=True, validate_by_name=True, frozen=True)


class WireUrls(Wire):
    """The same picture in three sizes."""

    full: str
    regular: str = Field(description=f"At most {REGULAR_WIDTH} px wide.")
    thumb: str = Field(description=f"At most {THUMB_WIDTH} px wide.")


class WireWarning(Wire):
    """Something to know although the picture was made."""

    code: str
    message: str
    layer: str | None = None
    pointer: str | None = None


class WireUser(Wire):
    """The photographer of a stock photo."""

    name: str
    username: str


class WireFile(Wire):
    """One of several outputs of a request."""

    id: str
    format: str
    image_url: str
    width: int
    height: int
    bytes: int
    page_index: int
    size: str | None = None
    base64: str | None = None


class WirePicture(Wire):
    """A finished picture."""

    id: str
    template_id: str
    image_url: str
    pdf_url: str | None = None
    thumbnail_url: str
    retina_thumbnail_url: str
    metadata: str
    width: int
    height: int
    page_index: int | None = None
    size: str | None = None
    status: Literal["succeeded", "failed"] = "succeeded"
    created_at: str
    format: str
    urls: WireUrls
    download_url: str
    color: str | None
    palette: list[str]
    user: WireUser | None = None
    credits: list[WireUser] = []
    warnings: list[WireWarning] = []
    files: list[WireFile] | None = None
    base64: str | None = None


class WirePages(Wire):
    """The pages of a design that has several, as pictures."""

    template_id: str
    template_name: str
    pages: list[WirePicture]


# What is null has no meaning of its own in these members: they are left out where they say nothing.
_SOMETIMES = ("pdf_url", "page_index", "size", "files", "base64")


def plain(value: WirePicture | WirePages) -> dict[str, Any]:
    """The JSON members, those left out that have nothing to say."""
    if isinstance(value, WirePages):
        return {
            "templateId": value.template_id,
            "templateName": value.template_name,
            "pages": [plain(page) for page in value.pages],
        }
    absent = {name for name in _SOMETIMES if getattr(value, name) is None}
    members = value.model_dump(by_alias=True, exclude=absent)
    members["warnings"] = [each.model_dump(by_alias=True, exclude_none=True) for each in value.warnings]
    if value.files is not None:
        members["files"] = [each.model_dump(by_alias=True, exclude_none=True) for each in value.files]
    return members


@dataclass(frozen=True, slots=True)
class Remarks:
    """What is kept with a picture beside its facts: its colours and its warnings. JSON text in the record."""

    palette: tuple[str, ...] = ()
    warnings: tuple[WireWarning, ...] = ()

    def text(self) -> str:
        """As the record holds it."""
        said = [each.model_dump(exclude_none=True) for each in self.warnings]
        return orjson.dumps({"palette": self.palette, "warnings": said}).decode()

    @classmethod
    def read(cls, text: str) -> Remarks:
        """From a record."""
        value = orjson.loads(text) if text else {}
        warnings = tuple(WireWarning(**each) for each in value.get("warnings", ()))
        return cls(tuple(value.get("palette", ())), warnings)


def picture(base: str, image: Image, *, in_pages: bool = False, files: Sequence[WireFile] | None = None) -> WirePicture:
    """A record as the wire tells it; `base` is the service's public address."""
    stem = f"{base}/images/{image.path_folder}/{image.path_name}"
    full = f"{base}/images/{image.path}"
    small = "png" if image.extension in SMALL_AS_PNG else image.extension
    thumb = f"{stem}-thumb.{small}"
    regular = f"{stem}-regular.{small}" if image.width > REGULAR_WIDTH or image.extension in PREVIEWED else full
    remarks = Remarks.read(image.report)
    return WirePicture(
        id=image.id,
        template_id=image.template_id,
        image_url=full,
        pdf_url=full if image.extension == "pdf" else None,
        thumbnail_url=thumb,
        retina_thumbnail_url=f"{stem}-thumb-2x.{small}",
        metadata=image.metadata,
        width=image.width,
        height=image.height,
        page_index=image.page_index if in_pages else None,
        size=size_of(image),
        status=image.status,
        created_at=timestamp(image.created_at),
        format=image.format,
        urls=WireUrls(full=full, regular=regular, thumb=thumb),
        download_url=f"{full}?download",
        color=remarks.palette[0] if remarks.palette else None,
        palette=list(remarks.palette),
        warnings=list(remarks.warnings),
        files=None if files is None else list(files),
    )


@lru_cache(maxsize=64)
def picture_text(base: str, image: Image) -> bytes:
    """The JSON of a record; an answer and the event of the same picture say the same."""
    return orjson.dumps(plain(picture(base, image)))


def image_url(base: str, path: str) -> str:
    """The address of a picture by its path, `folder/name.extension`."""
    return f"{base}/images/{path}"


def file(base: str, image: Image) -> WireFile:
    """A record as one of several files."""
    return WireFile(
        id=image.id,
        format=image.format,
        image_url=f"{base}/images/{image.path}",
        width=image.width,
        height=image.height,
        bytes=image.size,
        page_index=image.page_index,
        size=size_of(image),
    )


def size_of(image: Image) -> str | None:
    """The size of the design that the picture shows, where it is one of those that the design names."""
    found: str | None = orjson.loads(image.options).get("size") if '"size"' in image.options else None
    return found


def timestamp(moment: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and Z, as strict clients want it."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
