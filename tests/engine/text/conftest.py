"""One text engine over the bundled fonts, and a short way to write a specification."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tirage.assets.fontsource import LibraryFonts
from tirage.engine.lowering import TextBlock, TextSpan, TextSpec, TextStyle
from tirage.engine.scene import Solid
from tirage.engine.text import TextEngine
from tirage.engine.values.color import BLACK

Setter = Callable[..., TextBlock]


@pytest.fixture(scope="session")
def engine() -> TextEngine:
    """One engine for all tests of a process."""
    return TextEngine(LibraryFonts())


@pytest.fixture(scope="session")
def style() -> Callable[..., TextStyle]:
    """A style of 28 px Inter, changed by the arguments."""

    def make(families: tuple[str, ...] = ("Inter",), size: float = 28.0, **changes: Any) -> TextStyle:
        return TextStyle(families, size, Solid(BLACK), **changes)

    return make


@pytest.fixture(scope="session")
def set_text(engine: TextEngine, style: Callable[..., TextStyle]) -> Setter:
    """Set a text, or (text, style) spans, into a box of 400 × 300 px."""

    def run(
        text: str | tuple[TextSpan, ...],
        width: float = 400.0,
        height: float = 300.0,
        look: TextStyle | None = None,
        **options: Any,
    ) -> TextBlock:
        look = look or style()
        spans = (TextSpan(text, look),) if isinstance(text, str) else text
        return engine.set(TextSpec(spans, width, height, look, **options))

    return run
