"""The whole engine in one process, over the bundled fonts."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import pyvips

from tirage.assets.fontsource import LibraryFonts
from tirage.engine.bind import bind
from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.images import ImageEngine
from tirage.engine.layout import Services
from tirage.engine.options import OutputOptions
from tirage.engine.parse import parse
from tirage.engine.render import Rendered, prepare, render
from tirage.engine.resources import Blob, FontSource
from tirage.engine.runs import Prepared
from tirage.engine.text import TextEngine

Pixels = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Given:
    """Resources that a test names."""

    fonts: FontSource
    pictures: Mapping[str, bytes] = field(default_factory=dict)

    def image(self, source: str) -> Blob:
        """The bytes given for a source."""
        data = self.pictures.get(source.removeprefix("row:"))
        if data is None:
            raise ResourceProblem(Problem("source_not_found", f"{source} was not given."))
        return Blob(data, hashlib.sha256(data).hexdigest())


@dataclass(slots=True)
class Studio:
    """Draws documents and gives pixels back."""

    services: Services
    fonts: FontSource
    prepared: dict[str, Prepared] = field(default_factory=dict)

    def render(
        self,
        document: Mapping[str, Any],
        row: Mapping[str, Any] | None = None,
        pictures: Mapping[str, bytes] | None = None,
        output: str = "png",
        *,
        fresh: bool = False,
        **options: Any,
    ) -> Rendered:
        """Render one row; with `fresh` nothing that was kept of the template before is used."""
        template = parse(document)
        if fresh or template.digest not in self.prepared:
            self.prepared[template.digest] = prepare(template, self.services)
        prepared = self.prepared[template.digest]
        bound = bind(prepared.template, row)
        return render(prepared, bound, Given(self.fonts, pictures or {}), output, OutputOptions(**options))

    def pixels(self, document: Mapping[str, Any], row: Mapping[str, Any] | None = None, **more: Any) -> Pixels:
        """The rendered page as (height, width, 4) of uint8, alpha not multiplied in."""
        return decode(self.render(document, row, **more).files[0].data)


def decode(data: bytes) -> Pixels:
    """A picture file as RGBA."""
    image = pyvips.Image.new_from_buffer(data, "").colourspace("srgb")
    if not image.hasalpha():
        image = image.bandjoin(255)
    return np.ndarray(buffer=image.write_to_memory(), dtype=np.uint8, shape=(image.height, image.width, 4))


@pytest.fixture(scope="session")
def studio() -> Studio:
    """One studio for all tests of a process."""
    fonts = LibraryFonts()
    return Studio(Services(TextEngine(fonts), ImageEngine()), fonts)


@pytest.fixture(scope="session")
def picture() -> Callable[..., bytes]:
    """Make a PNG of one colour, or of a left and a right half."""

    def make(width: int = 40, height: int = 20, left: str = "#ff0000", right: str | None = None) -> bytes:
        data = np.empty((height, width, 3), np.uint8)
        data[:, :] = list(bytes.fromhex(left[1:]))
        if right:
            data[:, width // 2 :] = list(bytes.fromhex(right[1:]))
        return bytes(pyvips.Image.new_from_memory(data.tobytes(), width, height, 3, "uchar").pngsave_buffer())

    return make
