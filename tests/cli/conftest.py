"""A small template and the command line as a process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from tirage.cli.app import app

CARD: dict[str, Any] = {
    "name": "Card",
    "width": 80,
    "height": 48,
    "background": "#ffffff",
    "layers": [
        {"type": "shape", "name": "bar", "x": 0, "y": 40, "width": 80, "height": 8, "fill": "{{ tone }}"},
        {"type": "text", "name": "title", "x": 4, "y": 4, "width": 72, "height": 20, "fontSize": 12,
         "text": "{{ title }}"},
        {"type": "image", "name": "photo", "x": 60, "y": 24, "width": 16, "height": 16, "imageUrl": "{{ photo }}"},
    ],
    "variables": [
        {"name": "title", "required": True},
        {"name": "tone", "type": "color", "default": "#1a73e8"},
        {"name": "photo", "type": "image", "default": "logo.svg"},
    ],
    "sampleRows": [{"title": "Sample"}],
}  # fmt: skip
LOGO = '<svg xmlns="http://www.w3.org/2000/svg" width="16" height="16"><rect width="16" height="16" fill="#e33"/></svg>'

Tirage = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def environment(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """An environment whose cache and fonts are the test's own."""
    home = tmp_path_factory.mktemp("home")
    kept = {key: value for key, value in os.environ.items() if not key.startswith("TIRAGE_")}
    return {**kept, "TIRAGE_CACHE_DIR": str(home / "cache"), "TIRAGE_FONTS_DIR": str(home / "fonts")}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with `card.json`, its logo and a table of twelve rows."""
    (tmp_path / "card.json").write_text(json.dumps(CARD))
    (tmp_path / "logo.svg").write_text(LOGO)
    rows = "".join(f"Title {number},#{number * 17:06x}\n" for number in range(1, 13))
    (tmp_path / "rows.csv").write_text("title,tone\n" + rows)
    return tmp_path


@pytest.fixture
def tirage(folder: Path, environment: dict[str, str]) -> Tirage:
    """Run the command line in the folder."""

    def run(*arguments: str, stdin: str | None = None, **more: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "tirage", *arguments],
            cwd=folder,
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            env=environment | more,
            timeout=120,
            check=False,
        )

    return run


@pytest.fixture
def call(folder: Path, environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Tirage:
    """Run the command line in this process, for what draws nothing: a process of its own costs a second."""
    monkeypatch.chdir(folder)
    for name in os.environ:
        if name.startswith("TIRAGE_"):
            monkeypatch.delenv(name)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)

    def run(*arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        done = CliRunner().invoke(app, arguments, env=more)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return subprocess.CompletedProcess(arguments, done.exit_code, done.stdout, done.stderr)

    return run


@pytest.fixture
def start(folder: Path, environment: dict[str, str]) -> Callable[..., subprocess.Popen[str]]:
    """Begin to run the command line in the folder."""

    def begin(*arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-m", "tirage", *arguments],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )

    return begin
