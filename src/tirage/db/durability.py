"""What the database promises about acknowledged work, and a warning where it was told to promise less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import LiteralString

from tirage.engine.errors import Problem

# Taken in the application's own session: both a server's file and a role can switch these off.
DURABILITY: LiteralString = """
SELECT current_setting('fsync') AS fsync,
       current_setting('synchronous_commit') AS synchronous_commit,
       current_setting('full_page_writes') AS full_page_writes
"""


@dataclass(frozen=True, slots=True)
class Durability:
    """The server's settings that decide whether committed work survives a crash or a power cut."""

    fsync: str
    synchronous_commit: str
    full_page_writes: str

    @property
    def durable(self) -> bool:
        """Whether what was acknowledged survives a power cut."""
        return not self.problems

    @property
    def problems(self) -> tuple[Problem, ...]:
        """A warning for each setting that breaks the promise, `database_not_durable`, with what it costs."""
        wrong = []
        if self.fsync == "off":
            wrong.append(("fsync", "a crash of the machine can destroy the whole database"))
        if self.full_page_writes == "off":
            wrong.append(("full_page_writes", "a crash of the machine can leave pages half written"))
        if self.synchronous_commit == "off":
            wrong.append(("synchronous_commit", "a crash can lose work of the last moments that was acknowledged"))
        return tuple(
            Problem(
                "database_not_durable",
                f"The database runs with {name} off: {cost}.",
                name,
                f"Set {name} = on in the server's configuration.",
            )
            for name, cost in wrong
        )
