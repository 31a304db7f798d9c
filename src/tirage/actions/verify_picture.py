"""A recorded picture → drawn again and compared: whether its bytes are what its record gives, and what differs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from tirage.actions.open_design import OpenDesigns
from tirage.actions.origin import Origin, RowOrigin
from tirage.actions.redraw_picture import Redrawn, order_of_image, redraw, stored_digest
from tirage.context import Service
from tirage.engine.errors import RenderProblem, ResourceProblem, RowProblem, TirageError
from tirage.engine.recipe import engine_identity
from tirage.store.errors import NotFound
from tirage.store.images import Image

Kind = Literal["engine", "template", "font", "resource", "row", "file", "bytes"]


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it was. `expected` and `actual` are digests or versions where there are some."""

    kind: Kind
    name: str
    message: str
    expected: str | None = None
    actual: str | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a picture is what its record gives. `actual` is None where it cannot be drawn any more."""

    verified: bool
    expected: str
    actual: str | None
    differs: tuple[Difference, ...]


async def verify_picture(service: Service, designs: OpenDesigns, image: Image) -> Verdict:
    """Draw the picture again and compare; nothing is kept. Raises RenderProblem where no process is free in time."""
    expected = image.sha256.hex()
    stored = await stored_digest(service, image)
    differs: list[Difference] = []
    if stored is None:
        differs.append(Difference("file", image.path, "The stored file is gone.", expected))
    elif stored != expected:
        differs.append(
            Difference("file", image.path, "The stored file is not the one that was made.", expected, stored)
        )
    before = order_of_image(image).origin
    engine = engine_identity()
    if before is not None and before.engine != engine:
        told = "Another version of the engine draws it now."
        differs.append(Difference("engine", "engine", told, before.engine, engine))
    try:
        again = await redraw(service, designs, image)
    except NotFound as error:
        differs.append(Difference("template", image.template_id, error.problems[0].message))
        return Verdict(False, expected, None, tuple(differs))
    except (RowProblem, ResourceProblem, RenderProblem) as error:
        if error.retryable and isinstance(error, RenderProblem):
            raise
        return Verdict(False, expected, None, (*differs, *_hindrances(error)))
    if before is not None and again.output.origin is not None:
        differs += _compared(before, again.output.origin)
    if again.sha256 != expected and not differs:
        differs.append(_unexplained(again, expected))
    verified = again.sha256 == expected and stored == expected
    return Verdict(verified, expected, again.sha256, tuple(differs))


def _unexplained(again: Redrawn, expected: str) -> Difference:
    told = "All that is recorded is the same, and the bytes are others."
    return Difference("bytes", again.output.output.format, told, expected, again.sha256)


def _hindrances(error: TirageError) -> Iterable[Difference]:
    for problem in error.problems:
        kind: Kind = "row"
        if isinstance(error, ResourceProblem):
            kind = "font" if problem.code.startswith("font") else "resource"
        elif isinstance(error, RenderProblem):
            kind = "engine"
        yield Difference(kind, problem.layer or problem.pointer or problem.code, problem.message)


def _compared(before: Origin, now: Origin) -> Iterable[Difference]:
    for was, is_ in zip(before.rows, now.rows, strict=True):
        yield from _compared_rows(was, is_)


def _compared_rows(was: RowOrigin, now: RowOrigin) -> Iterable[Difference]:
    if was.document != now.document:
        told = f"Version {was.version} of the design is not the document that it was."
        yield Difference("template", was.template, told, was.document, now.document)
    yield from _named("resource", "picture", was.images, now.images)
    yield from _named("font", "font", was.fonts, now.fonts)
    if was.bundled != now.bundled:
        yield Difference("font", "bundled fonts", "The bundled fonts are others.", was.bundled, now.bundled)


def _named(
    kind: Kind, what: str, was: Sequence[tuple[str, str]], now: Sequence[tuple[str, str]]
) -> Iterable[Difference]:
    old, new = dict(was), dict(now)
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if before != after:
            told = f"The {what} is gone." if after is None else f"The {what} is new." if before is None else ""
            yield Difference(kind, name, told or f"The {what} has other bytes.", before, after)
