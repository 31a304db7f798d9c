"""The native libraries of a render work in a forked, walled child, and draw what they draw without walls."""

from __future__ import annotations

import os
from collections.abc import Callable
from importlib.resources import files

import numpy
import pytest
import pyvips

from tirage.pool import Job, Pool, Reply

Open = Callable[..., Pool]


@pytest.fixture
def font() -> bytes:
    """A bundled font's bytes."""
    folder = files("tirage") / "fonts"
    names = sorted(entry.name for entry in folder.iterdir() if entry.name.endswith(".ttf"))
    return (folder / names[0]).read_bytes()


def test_same_picture_behind_the_walls(open_pool: Open, font: bytes) -> None:
    """Two walled children and one without walls give equal bytes for each codec, text and line break."""
    noise = numpy.random.default_rng(1).integers(0, 255, (600, 800, 3), dtype=numpy.uint8)
    source = pyvips.Image.new_from_array(noise).write_to_buffer(".jpg")
    jobs = [Job("t", f"w{n % 2}", {"text": "Héllo AVA"}, [source, font]) for n in range(4)]

    def render(**options: object) -> list[Reply]:
        pool = open_pool(handler="library_handlers:handle", **options)
        return [pool.submit(job).result(60) for job in jobs]

    walled, free = render(workers=2), render(sandbox="off")
    expected = {name: value for name, value in free[0].header.items() if name != "pid"}
    assert expected["inked"] > 500
    assert len(expected["breaks"]) >= 3
    for reply in [*walled, *free]:
        assert {name: value for name, value in reply.header.items() if name != "pid"} == expected
        assert reply.parts == free[0].parts
    assert len({reply.header["pid"] for reply in walled}) >= 2
    assert os.getpid() not in {reply.header["pid"] for reply in walled}
