"""A font file → what was checked of it and the file as it is kept, by a process in bounds that knows nothing else.

Run by `read_font` as `python -m tirage.actions.font_child CONFIG`. The OpenType sanitiser runs first, as a program of
its own with the same limits; what it wrote is parsed behind all walls. On standard output come four bytes of length
(big endian), JSON (`face` and `style`, or `problem`), then the bytes of the font.
"""

from __future__ import annotations

import resource
import struct
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson

from tirage.assets.fonts import MAX_FONT_BYTES, describe, sanitise, unpack
from tirage.assets.fontsource import face_text
from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.resources import FaceInfo
from tirage.pool import sandbox

LENGTH = struct.Struct(">I")
UPLOADED = "uploaded-font"
CLEANED = "cleaned-font"
NAMELESS = "OTS derived font"
"""What the sanitiser calls the family of a font without names."""
_OPEN_FILES = 64


@dataclass(frozen=True, slots=True)
class FontConfig:
    """What the child is told; `folder` holds the font and takes what the sanitiser writes, `parent` is who waits."""

    folder: str
    parent: int
    sandbox: sandbox.Mode
    memory_bytes: int
    cpu_seconds: int

    def text(self) -> str:
        """As the command line carries it."""
        return orjson.dumps(asdict(self)).decode()


def main(text: str) -> None:
    """Check the font of the folder and give it out."""
    config = FontConfig(**orjson.loads(text))
    sandbox.die_with(config.parent)
    folder = Path(config.folder)
    try:
        told, data = _read(config, folder / UPLOADED, folder / CLEANED)
    except ResourceProblem as error:
        told, data = {"problem": _said(error.problems[0]).as_dict()}, b""
    except (MemoryError, RecursionError):
        said = Problem("font_rejected", "The font cannot be used: checking it takes more memory than it may take.")
        told, data = {"problem": said.as_dict()}, b""
    head = orjson.dumps(told)
    with open(1, "wb", closefd=False) as out:
        out.write(LENGTH.pack(len(head)) + head + data)


def _read(config: FontConfig, uploaded: Path, cleaned: Path) -> tuple[dict[str, Any], bytes]:
    if uploaded.read_bytes()[:4] == b"ttcf":
        message = "The font cannot be used: the file is a collection of several faces."
        raise ResourceProblem(Problem("font_rejected", message, hint="Upload each face as a file of its own."))
    sandbox.allow_cpu(config.cpu_seconds)
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FONT_BYTES, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
    if sys.platform == "linux":
        resource.setrlimit(resource.RLIMIT_AS, (config.memory_bytes, resource.getrlimit(resource.RLIMIT_AS)[1]))
    sanitised = sanitise(uploaded, 0, cleaned)
    sandbox.enter(
        mode=config.sandbox,
        memory_bytes=config.memory_bytes,
        open_files=_OPEN_FILES,
        file_bytes=0,
        readable=[config.folder],
    )
    if sanitised:
        data, (face,) = cleaned.read_bytes(), describe(cleaned)
    else:
        data, (face,) = unpack(uploaded), describe(uploaded)
    if not 12 < len(data) <= MAX_FONT_BYTES:
        message = f"The font cannot be used: unpacked it has {len(data)} bytes; {MAX_FONT_BYTES} are the limit."
        raise ResourceProblem(Problem("font_rejected", message))
    if face.family in (UPLOADED, CLEANED, NAMELESS):
        message = "The font cannot be used: it does not say the name of its family."
        raise ResourceProblem(Problem("font_rejected", message, hint="Give it one with a font editor."))
    # The key is the SHA-256 of the bytes that are kept; whoever keeps them works it out.
    info = FaceInfo(
        key="",
        family=face.family,
        weight=face.weight,
        italic=face.italic,
        coverage=face.coverage,
        color=face.color,
        axes=face.axes,
        postscript=face.postscript if face.postscript not in (UPLOADED, CLEANED) else "",
    )
    return {"face": face_text(info), "style": face.style}, data


def _said(problem: Problem) -> Problem:
    """The file's name in the folder means nothing to whoever sent it."""
    message = problem.message.replace(f"The font {UPLOADED} ", "The font ").replace(f"The font {CLEANED} ", "The font ")
    return Problem(problem.code, message, "/file", problem.hint)


if __name__ == "__main__":
    main(sys.argv[1])
