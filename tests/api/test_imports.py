"""What loading the API brings into its process: nothing that decodes or draws."""

from __future__ import annotations

import subprocess
import sys

HEAVY = ("skia", "pyvips", "uharfbuzz", "icu", "simplejpeg", "numpy")


def test_the_api_loads_no_native_decoder() -> None:
    """Parents never decode: the libraries that do are not even there."""
    code = f"import sys, tirage.api.app, tirage.api.server; print([n for n in {HEAVY!r} if n in sys.modules])"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
