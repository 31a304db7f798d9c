"""The kinds of events that a hook may ask for."""

from __future__ import annotations

NEW_IMAGE = "NEW_IMAGE"
BATCH_FINISHED = "BATCH_FINISHED"
"""A batch has ended: finished, failed or cancelled. Its rows make no events of their own."""
BATCH_PROGRESS = "BATCH_PROGRESS"
"""A tenth of a batch's rows more has ended."""
IMAGE_FAILED = "IMAGE_FAILED"
"""A picture that a request asked for could not be made: a source, a value or the drawing failed."""
HOOK_DISABLED = "HOOK_DISABLED"
"""A subscription was ended because its address was gone or had only failed for days; told to the others."""
EVENT_TYPES = (NEW_IMAGE, IMAGE_FAILED, BATCH_FINISHED, BATCH_PROGRESS, HOOK_DISABLED)
"""All that can be subscribed to."""
