"""A recorded picture → all that is known of it: what the wire tells, and the recipe that it was made by."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from tirage.actions.picture_answer import Wire, WirePicture, picture, plain, timestamp
from tirage.actions.redraw_picture import order_of_image
from tirage.actions.verify_picture import Verdict
from tirage.engine.options import members
from tirage.store.images import Image


class WireResource(Wire):
    """A picture or font that took part, by the SHA-256 of its bytes."""

    name: str
    sha256: str


class WireRecipeRow(Wire):
    """One bound row: the version of the design, the moment of its dates, and what took part."""

    template_id: str
    template_version: int
    document_sha256: str
    moment: str
    images: list[WireResource]
    fonts: list[WireResource] = Field(description="The workspace's own fonts of the families that were asked for.")
    bundled_fonts: str = Field(description="A digest of the bundled fonts that may have served.")


class WireRecipe(Wire):
    """What decided the bytes. Pictures of equal `sha256` here have equal bytes."""

    sha256: str
    engine: str | None
    params: list[dict[str, Any]]
    variables: dict[str, Any]
    format: str
    options: dict[str, Any]
    rows: list[WireRecipeRow]


class WireRecord(WirePicture):
    """A picture with its recipe."""

    template_version: int
    sha256: str
    bytes: int
    recipe: WireRecipe


class WireDifference(Wire):
    """Something that is not as it was when the picture was made."""

    kind: str = Field(description="engine, template, font, resource, row, file or bytes.")
    name: str
    message: str
    expected: str | None
    actual: str | None


class WireVerdict(Wire):
    """Whether drawing the picture again gives the bytes that are stored."""

    id: str
    verified: bool
    expected_sha256: str
    actual_sha256: str | None = Field(description="null where it cannot be drawn any more.")
    differs: list[WireDifference]


def record(base: str, image: Image) -> dict[str, Any]:
    """The picture with its recipe, as JSON members of a `WireRecord`."""
    order = order_of_image(image)
    rows = [
        WireRecipeRow(
            template_id=row.template,
            template_version=row.version,
            document_sha256=row.document,
            moment=timestamp(row.at),
            images=[WireResource(name=name, sha256=sha256) for name, sha256 in row.images],
            fonts=[WireResource(name=name, sha256=sha256) for name, sha256 in row.fonts],
            bundled_fonts=row.bundled,
        )
        for row in (order.origin.rows if order.origin else ())
    ]
    recipe = WireRecipe(
        sha256=image.recipe.hex(),
        engine=order.origin.engine if order.origin else None,
        params=[dict(each) for each in order.params],
        variables=dict(order.values),
        format=order.output.format,
        options=dict(members(order.output.options)),
        rows=rows,
    )
    return {
        **plain(picture(base, image)),
        "templateVersion": image.template_version,
        "sha256": image.sha256.hex(),
        "bytes": image.size,
        "recipe": recipe.model_dump(by_alias=True),
    }


def verdict(image: Image, found: Verdict) -> WireVerdict:
    """The verdict as the API tells it."""
    return WireVerdict(
        id=image.id,
        verified=found.verified,
        expected_sha256=found.expected,
        actual_sha256=found.actual,
        differs=[
            WireDifference(
                kind=each.kind, name=each.name, message=each.message, expected=each.expected, actual=each.actual
            )
            for each in found.differs
        ],
    )
