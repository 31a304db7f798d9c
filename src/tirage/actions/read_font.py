"""An uploaded font → the font as it is kept and what is known of its face, checked in a process of its own."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import struct
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from tirage.actions.font_child import LENGTH, UPLOADED, FontConfig
from tirage.assets.fontsource import face_of
from tirage.context import Service
from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.resources import FaceInfo
from tirage.pool.job import MEBIBYTE

CPU_SECONDS = 20
WALL_SECONDS = 40.0
MOST_AT_ONCE = 2
"""Fonts that are checked side by side: each may take a core and a gigabyte."""

_slots: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}


@dataclass(frozen=True, slots=True)
class CheckedFont:
    """A font that may be used: TrueType or CFF outlines, unpacked. `face` is `text` read; the key is of `data`."""

    data: bytes
    face: FaceInfo
    style: str
    text: str


async def read_font(service: Service, data: bytes) -> CheckedFont:
    """Check a TTF, OTF, WOFF or WOFF2 file. Raises ResourceProblem `font_rejected` with the reason."""
    loop = asyncio.get_running_loop()
    async with _slots.setdefault(loop, asyncio.Semaphore(MOST_AT_ONCE)):
        with tempfile.TemporaryDirectory(prefix="tirage-font-", ignore_cleanup_errors=True) as folder:
            await asyncio.to_thread((Path(folder) / UPLOADED).write_bytes, data)
            told, kept = await _checked(service, folder)
    if "problem" in told:
        raise ResourceProblem(Problem(**told["problem"]))
    key = hashlib.sha256(kept).hexdigest()
    return CheckedFont(kept, face_of(key, orjson.loads(told["face"])), told["style"], told["face"])


async def _checked(service: Service, folder: str) -> tuple[dict[str, Any], bytes]:
    config = FontConfig(
        folder=folder,
        parent=os.getpid(),
        sandbox=service.settings.sandbox,
        memory_bytes=service.settings.worker_memory * MEBIBYTE,
        cpu_seconds=CPU_SECONDS,
    )
    # Nothing of the environment goes along: a parser has no use for the secrets in it.
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tirage.actions.font_child", config.text(),
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE,
        stderr=None if service.settings.debug else asyncio.subprocess.DEVNULL,
        env={"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "PATH": ""},
    )  # fmt: skip
    try:
        said, _ = await asyncio.wait_for(process.communicate(), WALL_SECONDS)
        (length,) = LENGTH.unpack(said[: LENGTH.size])
        return orjson.loads(said[LENGTH.size : LENGTH.size + length]), said[LENGTH.size + length :]
    except (TimeoutError, struct.error, ValueError) as error:
        raise _ended() from error
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


def _ended() -> ResourceProblem:
    message = (
        "The font cannot be used: checking it takes too much memory or time, or ended the process that checked it."
    )
    return ResourceProblem(Problem("font_rejected", message, "/file", "Use a whole TTF, OTF, WOFF or WOFF2 file."))
