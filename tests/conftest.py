"""Options that all tests share."""

from __future__ import annotations

import signal

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let the golden tests write what they see instead of comparing it."""
    parser.addoption("--rewrite-goldens", action="store_true", help="draw the expected pictures of tests/goldens again")


def pytest_configure() -> None:
    """Let tests that send Ctrl-C run in the background of a shell too, where programs inherit that it is ignored."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
