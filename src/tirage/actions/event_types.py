"""The kinds of events that a hook may ask for."""

from __future__ import annotations

NEW_IMAGE = "NEW_IMAGE"
BATCH_FINISHED = "BATCH_FINISHED"
"""A batch has ended: finished, failed or cancelled. Its rows make no events of their own."""
BATCH_PROGRESS = "BATCH_PROGRESS"
"""A tenth of a batch's rows more has ended."""
EVENT_TYPES = (NEW_IMAGE, BATCH_FINISHED, BATCH_PROGRESS)
"""All that can be subscribed to."""
