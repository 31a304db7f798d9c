"""Pictures laid over a page by the short cut look like pictures laid by arithmetic."""

from __future__ import annotations

import numpy as np
import pytest
from tests.engine.painting import painted, pixels

from tirage.engine.scene import Box, Group, Picture
from tirage.engine.surface import Surface, swapped
from tirage.engine.values.color import Color
from tirage.engine.values.transform import Rect

PLACE = Rect(10, 20, 60, 50)


@pytest.mark.parametrize("opacity", [1.0, 0.5])
def test_a_translucent_picture_is_laid_over_by_the_formula(opacity: float) -> None:
    """Source plus what the source lets through of the ground, each channel within a level; alpha, too."""
    noise = pixels(60, 50, opaque=False)
    data = painted(Group((Picture(noise, PLACE),), opacity=opacity), background=Color(0.2, 0.4, 1))
    source = noise.handle.toarray(colorType=noise.handle.colorType()).astype(float)
    # toarray gives colours that are not multiplied by alpha.
    source[..., :3] *= source[..., 3:] / 255
    source *= opacity
    exact = source + np.array([51, 102, 255, 255]) * (1 - source[..., 3:] / 255)
    assert np.abs(data[20:70, 10:70] - exact).max() <= 2
    assert (data[:20] == [51, 102, 255, 255]).all()


def test_an_opaque_picture_is_copied() -> None:
    """Red stays red: the pixels arrive as they are, not under their other name."""
    noise = pixels(60, 50)
    data = painted(Picture(noise, PLACE))
    assert (data[20:70, 10:70] == noise.handle.toarray(colorType=noise.handle.colorType())).all()


@pytest.mark.parametrize("clip", [None, Box(PLACE, ((9.0, 9.0),) * 4)])
def test_the_short_cut_and_the_long_way_agree(clip: Box | None) -> None:
    """Inside a clipped group there is no short cut; the picture is the same to a level, at round corners too."""
    picture = Picture(pixels(60, 50, opaque=False), PLACE, clip=clip)
    direct = painted(picture)
    clipped = painted(Group((picture,), clip=Box(Rect(0, 0, 100, 100))))
    assert np.abs(direct - clipped).max() <= 1


def test_both_canvases_share_their_memory() -> None:
    """What one draws, the other draws over; names change no byte."""
    surface = Surface(60, 50)
    image = pixels(60, 50, seed=3).handle
    surface.swapped(surface.canvas.getTotalMatrix()).drawImage(swapped(image), 0, 0)
    first = surface.data.copy()
    surface.canvas.drawImage(image, 0, 0)
    assert (surface.data == first).all()
    assert first.any()
