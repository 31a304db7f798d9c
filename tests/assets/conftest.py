"""The fixture of everything that goes out to a host."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.harness.field import Field, open_field


@pytest.fixture
def field() -> Iterator[Field]:
    """EVIL, CANARY and STUBDNS, running."""
    with open_field() as field:
        yield field
