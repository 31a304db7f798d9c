"""Crops keep faces where a detector finds some, else what attracts attention."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import pyvips
from tests.engine.images import seeds

from tirage.engine.images import ImageEngine
from tirage.engine.images.decode import Samples
from tirage.engine.images.focus import installed_detector
from tirage.engine.values.transform import Rect


class TwoFaces:
    """A detector that finds a large face at the left and a small one at the right, and counts its calls."""

    name = "two"

    def __init__(self) -> None:
        self.calls = 0

    def faces(self, samples: Samples) -> Sequence[Rect]:
        self.calls += 1
        height, width = samples.shape[:2]
        assert max(width, height) <= 512
        return [Rect(0, 0, width * 0.4, width * 0.4), Rect(width * 0.8, 0, width * 0.2, width * 0.2)]


class NoFaces:
    """A detector that finds nothing."""

    name = "none"

    def faces(self, samples: Samples) -> Sequence[Rect]:
        return []


def lone_spot(x: int, y: int) -> bytes:
    """A dull picture with one colourful, busy spot of 60 px."""
    samples = np.full((600, 900, 3), 128, np.uint8)
    spot = np.random.default_rng(1).integers(0, 255, (60, 60, 3), np.uint8)
    samples[y - 30 : y + 30, x - 30 : x + 30] = spot
    return bytes(pyvips.Image.new_from_array(samples).copy(interpretation="srgb").pngsave_buffer())


def test_several_faces_are_weighted_by_their_size() -> None:
    """The focus lies between the faces, nearer to the larger, and is asked for once per picture."""
    detector = TwoFaces()
    engine = ImageEngine(faces=detector)
    picture = seeds.blob(seeds.corners(1000, 500).pngsave_buffer())
    focus = engine.focus(picture, 300, 300)
    assert focus.served == "faces:two"
    assert focus.x == pytest.approx((0.2 * 4 + 0.9) / 5, abs=0.01)
    assert engine.focus(picture, 100, 500) == focus
    assert detector.calls == 1


def test_without_faces_attention_decides() -> None:
    """The colourful spot is found wherever it is."""
    for x, y in ((150, 450), (750, 150)):
        focus = ImageEngine(faces=NoFaces()).focus(seeds.blob(lone_spot(x, y)), 300, 300)
        assert focus.served == "attention:libvips"
        assert focus.x == pytest.approx(x / 900, abs=0.08)
        assert focus.y == pytest.approx(y / 600, abs=0.08)


@pytest.mark.parametrize(("width", "height"), [(0, 0), (1, 0), (0, 1), (1, 1e9), (1e9, 1)])
def test_any_ratio_has_a_focus(width: float, height: float) -> None:
    """Boxes without area and very thin ones get a point within the picture."""
    focus = ImageEngine(faces=NoFaces()).focus(seeds.blob(seeds.seed("png")), width, height)
    assert 0 <= focus.x <= 1
    assert 0 <= focus.y <= 1


def test_the_installed_detector_finds_no_face_in_a_plain_picture() -> None:
    """With OpenCV its cascade runs, and says nothing where there is nothing; without it there is no detector."""
    detector = installed_detector()
    if detector is None:
        pytest.skip("the extra `faces` is not installed")
    assert detector.name == "opencv"
    assert not detector.faces(np.full((300, 300, 4), 200, np.uint8))
