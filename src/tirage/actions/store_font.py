"""An uploaded font → a font of the workspace, new or in the place of the same style; and its removal."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Collection

from tirage.actions.read_font import read_font
from tirage.context import Service
from tirage.db.connect import Transaction
from tirage.engine.errors import Problem, ResourceProblem
from tirage.store import fonts
from tirage.store.errors import NotFound
from tirage.store.fonts import Font, KeptFont, NewFont

MAX_BYTES = 20_000_000
"""What an uploaded font file may have."""
MOST_FONTS = 200
"""How many fonts a workspace may have."""
_MEDIA_TYPES = {"otf": "font/otf", "ttf": "font/ttf"}

Answering = Callable[[Transaction, KeptFont], Awaitable[None]]


async def store_font(
    service: Service, workspace: str, filename: str, data: bytes, *, answering: Answering | None = None
) -> KeptFont:
    """Check a font and record it; what was rewritten by the checks is kept, not the file itself.

    Raises ResourceProblem `font_rejected`, Conflict `fonts_full`, StorageProblem.
    """
    if len(data) > MAX_BYTES:
        message = f"The font has {len(data)} bytes; {MAX_BYTES // 1_000_000} MB are the limit."
        raise ResourceProblem(Problem("font_rejected", message, "/file"))
    checked = await read_font(service, data)
    await service.blobs.admit(len(checked.data))
    ending = "otf" if checked.data[:4] == b"OTTO" else "ttf"
    key = f"{workspace}/fonts/{secrets.token_hex(10)}.{ending}"
    await service.blobs.put(key, checked.data, _MEDIA_TYPES[ending])
    shown = "".join(each for each in filename.replace("\\", "/").rpartition("/")[2] if each.isprintable())[:200]
    new = NewFont(
        family=checked.face.family,
        style=checked.style,
        weight=checked.face.weight,
        italic=checked.face.italic,
        filename=shown or "font",
        size=len(checked.data),
        sha256=bytes.fromhex(checked.face.key),
        blob_key=key,
        face=checked.text,
    )
    try:
        async with service.database.workspace(workspace) as tx:
            kept = await fonts.put(tx, new, service.clock.now(), most=MOST_FONTS)
            if answering is not None:
                await answering(tx, kept)
    except BaseException:
        await service.blobs.delete(key)
        raise
    if kept.old_blob_key is not None:
        await service.blobs.delete(kept.old_blob_key)
    return kept


async def find_font(service: Service, workspaces: Collection[str], uid: str) -> Font:
    """A font that lies in one of the workspaces. Raises NotFound `font_not_found`."""
    for workspace in workspaces:
        try:
            async with service.database.workspace(workspace) as tx:
                return await fonts.get(tx, uid)
        except NotFound:
            continue
    raise NotFound.of("font", uid)


async def delete_font(service: Service, workspaces: Collection[str], uid: str) -> Font:
    """Remove a font that lies in one of the workspaces; designs that name it fall back on others.

    Raises NotFound `font_not_found`, also for one of somebody else.
    """
    for workspace in workspaces:
        try:
            async with service.database.workspace(workspace) as tx:
                gone = await fonts.delete(tx, uid)
        except NotFound:
            continue
        await service.blobs.delete(gone.blob_key)
        return gone
    raise NotFound.of("font", uid)
