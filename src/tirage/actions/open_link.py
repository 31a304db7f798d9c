"""A link → its picture: signature and expiry judged first, then from memory, from storage, or drawn."""

from __future__ import annotations

import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tirage import links
from tirage.actions.draw_order import Output
from tirage.actions.keep_pictures import Asked, keep_pictures
from tirage.actions.open_design import Design, OpenDesigns
from tirage.actions.quota import require_quota
from tirage.actions.read_picture import read_picture
from tirage.actions.render_request import Row, draw_row, read_row, recipe_of
from tirage.context import Service
from tirage.engine import formats, frames
from tirage.engine.template import Json
from tirage.links import Link
from tirage.store import images, link_keys, templates
from tirage.store.errors import NotFound
from tirage.store.link_keys import LinkKey
from tirage.store.templates import PublicTemplate

FRESH_SECONDS = 300.0
"""How long an answer is taken as it is; afterwards the pictures that it shows are asked for again."""
MOVING_SECONDS = 5.0
"""The same for designs with time in them, such as a countdown, which nobody else is to keep."""
POLICY_SECONDS = 2.0
"""How long a design's version, its link policy and a key are believed without asking."""
MOST_BYTES = 64_000_000
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class LinkAnswer:
    """The picture of a link. `etag` is of its bytes; `seconds` tells how long it may be kept."""

    data: bytes
    media_type: str
    etag: str
    seconds: int


@dataclass(frozen=True, slots=True)
class _Held:
    data: bytes
    media_type: str
    etag: str
    until: float
    moving: bool = False


class OpenLinks:
    """The answers of links that were asked for last, in memory, and what is known of their designs for a moment."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most = most_bytes
        self._size = 0
        self._answers: OrderedDict[str, _Held] = OrderedDict()
        self._designs: dict[str, tuple[float, PublicTemplate | None]] = {}
        self._keys: dict[tuple[str, str], tuple[float, LinkKey | None]] = {}

    async def open(
        self, service: Service, designs: OpenDesigns, link: Link, *, admit: Callable[[str], None] | None = None
    ) -> LinkAnswer:
        """The picture; `admit` is called with the workspace of a link that is not in memory, and may refuse it.

        Raises LinkProblem, NotFound `template_not_found` (also where links are off), TirageError."""
        public = await self._public(service, link.template)
        if public is None or public.link_policy == "off":
            raise NotFound.of("template", link.template)
        now = service.clock.now().timestamp()
        if public.link_policy == "signed" or link.signature is not None:
            key = await self._key(service, public.workspace_id, link.kid) if link.kid else None
            links.verify(link, [signing_key(key)] if key is not None else [], now)
        elif link.expires is not None and now >= link.expires:
            raise links.problem("link_expired", "The link has expired.")
        name = f"{public.workspace_id} {public.version} {public.fonts_mark} {link.content}"
        held = self._answers.get(name)
        if held is None or held.until <= time.monotonic():
            if admit is not None:
                admit(public.workspace_id)
            held = await _make(service, designs, public, link)
            self._keep(name, held)
        else:
            self._answers.move_to_end(name)
        if held.moving:
            return LinkAnswer(held.data, held.media_type, held.etag, 0)
        left = FRESH_SECONDS if link.expires is None else min(FRESH_SECONDS, link.expires - now)
        return LinkAnswer(held.data, held.media_type, held.etag, max(0, int(left)))

    async def _public(self, service: Service, uid: str) -> PublicTemplate | None:
        held = self._designs.get(uid)
        if held is not None and time.monotonic() - held[0] < POLICY_SECONDS:
            return held[1]
        async with service.database.system() as system:
            found = await templates.find_public(system, uid)
        if len(self._designs) > _MOST_REMEMBERED:
            self._designs.clear()
        self._designs[uid] = (time.monotonic(), found)
        return found

    async def _key(self, service: Service, workspace: str, kid: str) -> LinkKey | None:
        held = self._keys.get((workspace, kid))
        now = service.clock.now()
        if held is not None and time.monotonic() - held[0] < POLICY_SECONDS:
            return held[1] if held[1] is not None and held[1].valid(now) else None
        async with service.database.workspace(workspace) as tx:
            found = await link_keys.verifying(tx, service.vault, kid, now)
        if len(self._keys) > _MOST_REMEMBERED:
            self._keys.clear()
        self._keys[workspace, kid] = (time.monotonic(), found)
        return found

    def _keep(self, name: str, held: _Held) -> None:
        old = self._answers.pop(name, None)
        self._size += len(held.data) - (len(old.data) if old else 0)
        self._answers[name] = held
        while self._size > self._most and self._answers:
            self._size -= len(self._answers.popitem(last=False)[1].data)


def signing_key(key: LinkKey) -> links.LinkKey:
    """A stored key as signer and verifier take it."""
    return links.LinkKey(key.kid, secret_text(key), key.ends_at.timestamp() if key.ends_at else None)


def secret_text(key: LinkKey) -> str:
    """The secret as its owner is shown it, and as it signs."""
    return links.SECRET_PREFIX + key.secret.hex()


async def _make(service: Service, designs: OpenDesigns, public: PublicTemplate, link: Link) -> _Held:
    design = await designs.open(service, public.workspace_id, public.id, public.version, mark=public.fonts_mark)
    output = Output(formats.get(link.extension).name)
    row = await read_row(service, design, _layer_objects(link))
    moving = frames.moves(row.bound)
    if moving:
        # Another picture each second: none of them is worth a record.
        drawn = (await draw_row(service, row, output, colours=False)).files[0]
        data, media_type = drawn.data, drawn.media_type
    else:
        data, media_type = await _picture(service, design, row, output, link, recipe_of(service, row, output))
    etag = f'"{hashlib.sha256(data).hexdigest()[:32]}"'
    return _Held(data, media_type, etag, time.monotonic() + (MOVING_SECONDS if moving else FRESH_SECONDS), moving)


async def _picture(
    service: Service, design: Design, row: Row, output: Output, link: Link, mark: str
) -> tuple[bytes, str]:
    """From storage where a picture of this recipe was made before, else drawn and kept."""
    async with service.database.workspace(design.workspace) as tx:
        known = await images.by_recipe(tx, bytes.fromhex(mark))
    if known is not None and known.page_index == 0:
        try:
            held = await read_picture(service, known, "")
            return held.data, held.media_type
        except NotFound:
            pass  # the object is gone although its record is not: draw it again
    await require_quota(service, design.workspace)
    drawn = await draw_row(service, row, output)
    # The same link of the same design and pictures is one object, however often it is drawn.
    asked = Asked(f"link\n{link.content}\n{mark}", _layer_objects(link), {}, link.metadata)
    await keep_pictures(service, design, asked, [(link.extension, drawn)])
    return drawn.files[0].data, drawn.files[0].media_type


def _layer_objects(link: Link) -> list[Mapping[str, Json]]:
    merged: dict[str, dict[str, Json]] = {}
    for each in link.overrides:
        merged.setdefault(each.layer, {"name": each.layer})[each.key] = each.value
    return list(merged.values())
