"""Processes that stand back do so with their whole session."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

TOLD = """
import os
from pathlib import Path
from tirage.pool.priority import yield_as_session
os.nice(7)
yield_as_session()
print(Path("/proc/self/autogroup").read_text().split()[-1])
"""


@pytest.mark.skipif(not Path("/proc/self/autogroup").exists(), reason="this kernel has no groups of sessions")
@pytest.mark.parametrize("leads", [True, False])
def test_a_nice_session_is_a_nice_group(leads: bool) -> None:
    """The leader of a session takes it along; a process in somebody else's session leaves that as it is."""
    code = TOLD if leads else f"import os; os.setsid()\nif os.fork(): os.wait(); os._exit(0)\n{TOLD}"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, start_new_session=leads
    )
    assert done.stdout.strip() == (str(min(os.nice(0) + 7, 19)) if leads else "0")
