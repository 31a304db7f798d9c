"""The recipe: the hash of all that decides a picture's bytes. Equal recipe, equal bytes, per CPU architecture."""

from __future__ import annotations

import hashlib
import platform
import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from functools import cache
from importlib import metadata
from typing import Any

import orjson

from tirage import __version__
from tirage.engine.template import BoundTemplate

_DECIDERS = (
    "skia-python",
    "uharfbuzz",
    "pyicu-wheels",
    "pyvips-binary",
    "pyvips",
    "simplejpeg",
    "fonttools",
    "zxing-cpp",
)
_MAY_DECIDE = ("opencv-python-headless", "av")
"""Optional libraries: with the face detector a crop may lie elsewhere, and videos are encoded by libav."""


@cache
def engine_identity() -> str:
    """Our version, those of the libraries that shape, draw and encode, and the CPU architecture."""
    versions = [f"tirage/{__version__}", *(f"{name}/{_version(name)}" for name in _DECIDERS)]
    for name in _MAY_DECIDE:
        with suppress(metadata.PackageNotFoundError):
            versions.append(f"{name}/{_version(name)}")
    return " ".join([*versions, platform.machine()])


def _version(name: str) -> str:
    """The version of an installed library; raises PackageNotFoundError."""
    found = metadata.distribution(name)
    # The usual way parses descriptions of thousands of lines: 50 ms in all before the first picture.
    said = re.search(r"^Version: *(\S+)", found.read_text("METADATA") or "", re.MULTILINE)
    return said[1] if said else found.version


def recipe(
    bound: BoundTemplate,
    images: Mapping[str, str],
    fonts: Iterable[str],
    options: Mapping[str, Any],
    *,
    engine: str | None = None,
) -> str:
    """SHA-256, in hex, of the canonical JSON of all that decides the bytes.

    `images` gives the SHA-256 of each picture by its source, `fonts` those of all font files that may serve,
    `options` the output options as JSON values; `engine` is `engine_identity()` where nothing else is given.
    """
    written = {
        "document": bound.template.digest,
        "row": bound.overrides,
        "images": sorted(images.items()),
        "fonts": sorted(set(fonts)),
        "options": options,
        "engine": engine or engine_identity(),
    }
    return hashlib.sha256(orjson.dumps(written, option=orjson.OPT_SORT_KEYS)).hexdigest()
