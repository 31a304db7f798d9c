"""Synthetic pictures: a seed → photo-like JPEG bytes, the same on every run, kept in a folder once made."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import simplejpeg

PHOTO = (2400, 1600)
AVATAR = (800, 800)
BASES = 6
"""Different pictures of each kind; further ones differ in a comment, and so in their bytes and hash only."""
_OCTAVES = ((3, 60.0), (9, 34.0), (40, 16.0), (160, 9.0))
_GRAIN = 3.2
_QUALITY = 88


def photos(folder: Path) -> tuple[bytes, ...]:
    """Backgrounds of 2400×1600 px, 500–900 kB each."""
    return tuple(_kept(folder, "photo", PHOTO, seed) for seed in range(BASES))


def avatars(folder: Path) -> tuple[bytes, ...]:
    """Portraits of 800×800 px, about 100–150 kB each."""
    return tuple(_kept(folder, "avatar", AVATAR, 100 + seed) for seed in range(BASES))


def variant(data: bytes, number: int) -> bytes:
    """The same picture as different bytes: with a comment segment (ITU-T T.81, B.2.4.5) behind the start marker."""
    text = f"picture {number}".encode()
    return data[:2] + struct.pack(">HH", 0xFFFE, len(text) + 2) + text + data[2:]


def _kept(folder: Path, kind: str, size: tuple[int, int], seed: int) -> bytes:
    path = folder / f"{kind}-{size[0]}x{size[1]}-{seed}.jpg"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(simplejpeg.encode_jpeg(_pixels(*size, seed), _QUALITY, "RGB", "420"))
    return path.read_bytes()


def _pixels(width: int, height: int, seed: int) -> npt.NDArray[np.uint8]:
    """Light of several scales, three tints and grain: it compresses like a photograph."""
    random = np.random.default_rng(seed)
    tint = random.uniform(90, 160, 3)
    channels = []
    shared = sum((_field(random, width, height, cells) * strength for cells, strength in _OCTAVES), np.float32(0))
    grain = random.standard_normal((height, width), np.float32) * np.float32(_GRAIN)
    for channel in range(3):
        own = _field(random, width, height, 6) * np.float32(30)
        channels.append(np.clip(shared + own + grain + np.float32(tint[channel]), 0, 255))
    return np.ascontiguousarray(np.stack(channels, axis=-1).astype(np.uint8))


def _field(random: np.random.Generator, width: int, height: int, cells: int) -> npt.NDArray[np.float32]:
    """A smooth random field in about -1…1 with `cells` swings across."""
    down = max(2, round(cells * height / width))
    grid = random.uniform(-1, 1, (down + 1, cells + 1)).astype(np.float32)
    return np.asarray(_weights(height, down) @ grid @ _weights(width, cells).T, np.float32)


def _weights(length: int, cells: int) -> npt.NDArray[np.float32]:
    """Rows that interpolate linearly between `cells` + 1 nodes at `length` places."""
    place = np.linspace(0, cells, length, dtype=np.float32)[:, None]
    return np.asarray(np.maximum(0, 1 - np.abs(place - np.arange(cells + 1, dtype=np.float32))), np.float32)
