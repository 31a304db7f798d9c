"""A process's niceness → that of its session, where the kernel shares the processor between sessions first."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

_GROUP = Path("/proc/self/autogroup")


def yield_as_session() -> None:
    """Let this process's whole session stand back as far as the process itself does.

    Linux gives every session a group of its own (autogroups) and shares the processor fairly between groups; niceness
    counts inside a group alone. A nice process that begins a session would otherwise be as greedy as any other. Only
    for the leader of a session that holds nothing but processes of ours. Does nothing where there are no such groups.
    """
    niceness = os.nice(0)
    if niceness > 0 and os.getsid(0) == os.getpid():
        with contextlib.suppress(OSError):  # no such groups, or the system's own limit
            _GROUP.write_text(str(niceness), encoding="ascii")
