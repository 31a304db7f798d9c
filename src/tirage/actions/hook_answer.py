"""Subscriptions and deliveries → what the wire says of them."""

from __future__ import annotations

from pydantic import Field

from tirage.actions.picture_answer import Wire, timestamp
from tirage.store.deliveries import Attempt, Delivery, State
from tirage.store.hooks import Hook


class WireHook(Wire):
    """A subscription. `secret` is shown once, to whoever made it."""

    uid: str
    event_type: str
    target_url: str
    design_uid: str | None
    date_created: str
    secret: str | None = Field(None, description="Verifies deliveries (Standard Webhooks); only in the first answer.")
    disabled_at: str | None = None
    disabled_reason: str | None = None


class WireDone(Wire):
    """That something was done."""

    error: bool = False
    message: str = ""


class WireDelivery(Wire):
    """One event on its way to one subscription. `event_id` is its `webhook-id`."""

    event_id: str
    state: State
    attempts: int
    due_at: str
    date_created: str
    date_finished: str | None


class WireDeliveries(Wire):
    """A page of deliveries, newest first; `next` is the cursor of the next page."""

    results: list[WireDelivery]
    next: str | None


class WireAttempt(Wire):
    """One attempt. `error` is a code where no answer came or the status was none of success."""

    number: int
    date_attempted: str
    status: int | None
    latency_ms: int
    error: str
    excerpt: str


def hook_answer(hook: Hook, secret: str | None = None) -> WireHook:
    """A subscription as the wire tells it."""
    return WireHook(
        uid=hook.id,
        event_type=hook.event_type,
        target_url=hook.target_url,
        design_uid=hook.template_id,
        date_created=timestamp(hook.created_at),
        secret=secret,
        disabled_at=None if hook.disabled_at is None else timestamp(hook.disabled_at),
        disabled_reason=hook.disabled_reason,
    )


def delivery_answer(delivery: Delivery) -> WireDelivery:
    """A delivery as the wire tells it."""
    return WireDelivery(
        event_id=delivery.event_id,
        state=delivery.state,
        attempts=delivery.attempts,
        due_at=timestamp(delivery.due_at),
        date_created=timestamp(delivery.created_at),
        date_finished=None if delivery.finished_at is None else timestamp(delivery.finished_at),
    )


def attempt_answer(attempt: Attempt) -> WireAttempt:
    """A line of the log as the wire tells it."""
    return WireAttempt(
        number=attempt.number,
        date_attempted=timestamp(attempt.attempted_at),
        status=attempt.status,
        latency_ms=attempt.latency_ms,
        error=attempt.error,
        excerpt=attempt.excerpt.decode("utf-8", "replace"),
    )
