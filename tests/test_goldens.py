"""Pictures that must not change: every folder of `goldens/` is a case.

A case holds `template.json`, or `starter.txt` with a starter's name; it may hold `row.json`, `params.json` (layer
objects as the wire brings them) and `options.json` (output options such as a scale); `expected.png` is what it looks
like. Pictures are compared as decoded RGBA of equal size; no channel of any pixel, colours weighed with their alpha,
may differ by more than 1.
"""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvips
from tests.harness.studio import Pixels, decode, shoot

from tirage import starters

HOME = Path(__file__).parent
CASES = sorted(folder.name for folder in (HOME / "goldens").iterdir() if folder.is_dir())
TOLERANCE = 1
MAX_BYTES = 20 * 1024


@pytest.mark.parametrize("case", CASES)
def test_golden(case: str, request: pytest.FixtureRequest) -> None:
    """The case looks as it is expected to."""
    folder, failed = HOME / "goldens" / case, HOME / "failed" / case
    actual = draw(folder)
    expected_file = folder / "expected.png"
    if request.config.getoption("--rewrite-goldens"):
        if not expected_file.exists() or not alike(decode(expected_file.read_bytes()), actual):
            save(expected_file, actual)
        return
    assert expected_file.exists(), f"{case} has no expected.png: run pytest tests/test_goldens.py --rewrite-goldens"
    expected = decode(expected_file.read_bytes())
    if alike(expected, actual):
        shutil.rmtree(failed, ignore_errors=True)
        return
    failed.mkdir(parents=True, exist_ok=True)
    save(failed / "expected-diff-actual.png", side_by_side(expected, actual))
    save(failed / "actual.png", actual)
    pytest.fail(f"{case} changed: {said(expected, actual)}. See {failed / 'expected-diff-actual.png'}")


@pytest.mark.parametrize("case", CASES)
def test_golden_is_small(case: str) -> None:
    """An expected picture takes at most 20 KiB, so that the repository stays light."""
    assert (HOME / "goldens" / case / "expected.png").stat().st_size <= MAX_BYTES


def test_one_level_is_tolerated_and_two_are_not() -> None:
    """A difference of 1 in a channel passes; of 2 in a single pixel, or of size, fails."""
    picture = np.full((4, 4, 4), 255, np.uint8)
    near, far = picture.copy(), picture.copy()
    near[:, :, 1] -= 1
    far[2, 3, 0] -= 2
    assert alike(picture, near)
    assert not alike(picture, far)
    assert not alike(picture, picture[:3])


def draw(folder: Path) -> Pixels:
    """The case's first page as RGBA."""
    starter = folder / "starter.txt"
    template = starters.path(starter.read_text().strip()) if starter.exists() else folder / "template.json"
    given = folder / "params.json"
    params = json.loads(given.read_bytes()) if given.exists() else ()
    return shoot(
        template, _json(folder / "row.json"), data=given, params=params, **_json(folder / "options.json")
    ).pixels


def alike(expected: Pixels, actual: Pixels) -> bool:
    """Whether two pictures have the same size and nowhere differ by more than the tolerance."""
    return expected.shape == actual.shape and bool((_difference(expected, actual) <= TOLERANCE).all())


def said(expected: Pixels, actual: Pixels) -> str:
    """What differs, in words."""
    if expected.shape != actual.shape:
        return f"the size was {expected.shape[1]} × {expected.shape[0]} and is {actual.shape[1]} × {actual.shape[0]}"
    difference = _difference(expected, actual)
    beyond = int((difference > TOLERANCE).any(axis=2).sum())
    return f"{beyond} pixels differ by more than {TOLERANCE}, at most by {int(difference.max())}"


def side_by_side(expected: Pixels, actual: Pixels) -> Pixels:
    """Expected, the difference amplified, and actual, beside each other."""
    height, width = (max(expected.shape[axis], actual.shape[axis]) for axis in (0, 1))
    frames = []
    for picture in (expected, actual):
        frame = np.zeros((height, width, 4), np.uint8)
        frame[: picture.shape[0], : picture.shape[1]] = picture
        frames.append(frame)
    middle = np.full((height, width, 4), 255, np.uint8)
    middle[..., :3] = 255 - np.clip(_difference(*frames).max(axis=2, keepdims=True).astype(np.uint16) * 16, 0, 255)
    gap = np.full((height, 8, 4), (90, 90, 90, 255), np.uint8)
    return np.concatenate([frames[0], gap, middle, gap, frames[1]], axis=1)


def save(file: Path, pixels: Pixels) -> None:
    """Write RGBA as the smallest PNG, without an alpha channel where it says nothing."""
    kept = pixels if (pixels[..., 3] < 255).any() else pixels[..., :3]
    image = pyvips.Image.new_from_array(np.ascontiguousarray(kept)).copy(interpretation="srgb")
    sizes = (image.pngsave_buffer(compression=9, filter=kind, keep="none") for kind in ("none", "sub", "paeth", "all"))
    file.write_bytes(min(sizes, key=len))


def _difference(expected: Pixels, actual: Pixels) -> Pixels:
    """How far the channels are apart, colours weighed with their alpha: what cannot be seen does not count."""
    first, second = (picture.astype(np.int32) for picture in (expected, actual))
    for picture in (first, second):
        picture[..., :3] = (picture[..., :3] * picture[..., 3:] + 127) // 255
    return np.asarray(np.abs(first - second), np.uint8)


def _json(file: Path) -> dict[str, Any]:
    return dict(json.loads(file.read_bytes())) if file.exists() else {}
