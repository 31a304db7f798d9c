"""One text engine over the bundled fonts."""

from __future__ import annotations

import pytest

from tirage.assets.fontsource import LibraryFonts
from tirage.engine.text import TextEngine


@pytest.fixture(scope="session")
def engine() -> TextEngine:
    """One engine for all tests of a process."""
    return TextEngine(LibraryFonts())
