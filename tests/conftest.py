"""Options that all tests share."""

from __future__ import annotations

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the golden tests write what they see instead of comparing it."""
    parser.addoption("--rewrite-goldens", action="store_true", help="draw the expected pictures of tests/goldens again")
