"""What a job says: the workspace and the batch; everything else is read when it runs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class ExpandBatch:
    """Read the uploaded table into rows and chunks."""

    kind: ClassVar[str] = "expand_batch"
    workspace: str
    batch: str


@dataclass(frozen=True, slots=True)
class RenderChunk:
    """Take the batch's next free chunk and draw its rows, in one of the batch's lanes."""

    kind: ClassVar[str] = "render_chunk"
    workspace: str
    batch: str
    lane: int = 0


JobKind = ExpandBatch | RenderChunk
