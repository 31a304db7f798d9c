"""Repeated requests: one answer per workspace, endpoint and key, kept for a day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import LiteralString

from tirage.db.connect import Transaction
from tirage.engine.errors import Problem
from tirage.ids import new_token
from tirage.store.errors import Conflict, Invalid

KEPT = timedelta(hours=24)
WORKED_ON = timedelta(seconds=60)
"""How long a request that was begun keeps others waiting; then its process is taken for dead."""

# Printable ASCII: a header's value has no other characters that every proxy lets through (RFC 9110, 5.5).
_KEY = re.compile(r"[\x20-\x7e]{1,255}")


@dataclass(frozen=True, slots=True)
class Claimed:
    """The request is the caller's to carry out; `token` proves it when it is answered or given up."""

    token: str


@dataclass(frozen=True, slots=True)
class InProgress:
    """Somebody works on this request at the moment; ask again after so many seconds."""

    retry_after: int


@dataclass(frozen=True, slots=True)
class Replay:
    """The request was answered before, with exactly this."""

    status: int
    media_type: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The key was used for another request."""


Claim = Claimed | InProgress | Replay | Mismatch


@dataclass(frozen=True, slots=True)
class _Row:
    request_hash: bytes
    claimed_until: datetime
    status: int | None
    media_type: str | None
    body: bytes | None


# A row that has expired is as good as none. A row whose worker seems dead goes to whoever repeats the same request.
_CLAIM: LiteralString = """
INSERT INTO idempotency AS present
    (workspace_id, endpoint, key, request_hash, claim, claimed_until, created_at, expires_at)
VALUES
    (%(workspace)s, %(endpoint)s, %(key)s, %(request_hash)s, %(token)s, %(until)s, %(now)s, %(expires)s)
ON CONFLICT (workspace_id, endpoint, key) DO UPDATE
SET request_hash = excluded.request_hash, claim = excluded.claim, claimed_until = excluded.claimed_until,
    status = NULL, media_type = NULL, body = NULL, created_at = excluded.created_at, expires_at = excluded.expires_at
WHERE present.expires_at <= %(now)s
   OR (present.status IS NULL AND present.claimed_until <= %(now)s AND present.request_hash = excluded.request_hash)
RETURNING claim
"""
_READ: LiteralString = """
SELECT request_hash, claimed_until, status, media_type, body FROM idempotency
WHERE workspace_id = %(workspace)s AND endpoint = %(endpoint)s AND key = %(key)s
"""
_ANSWER: LiteralString = """
UPDATE idempotency SET claim = NULL, status = %(status)s, media_type = %(media_type)s, body = %(body)s
WHERE workspace_id = %(workspace)s AND endpoint = %(endpoint)s AND key = %(key)s AND claim = %(token)s
"""
_RELEASE: LiteralString = """
DELETE FROM idempotency
WHERE workspace_id = %(workspace)s AND endpoint = %(endpoint)s AND key = %(key)s AND claim = %(token)s
"""
# A day's answers at once would hold their locks for long.
_PURGE: LiteralString = """
DELETE FROM idempotency WHERE ctid = ANY(ARRAY(
    SELECT ctid FROM idempotency WHERE expires_at <= %(now)s ORDER BY expires_at LIMIT 5000))
"""


def check_key(key: str) -> str:
    """The key of an `Idempotency-Key` header. Raises Invalid `idempotency_key_invalid`."""
    if _KEY.fullmatch(key) is None:
        raise Invalid(
            Problem(
                "idempotency_key_invalid",
                f"An idempotency key has 1 to 255 printable ASCII characters; this one has {len(key)}.",
                hint="A random UUID for each new request will do.",
            )
        )
    return key


async def claim(tx: Transaction, endpoint: str, key: str, request_hash: bytes, now: datetime) -> Claim:
    """Ask for the right to carry out a request. Commit before the work begins, so that others see the claim.

    A concurrent claim of the same key waits for this transaction's end. `request_hash` is the SHA-256 of the request.
    """
    token = new_token()
    made = await tx.value(
        _CLAIM,
        endpoint=endpoint,
        key=check_key(key),
        request_hash=request_hash,
        token=token,
        until=now + WORKED_ON,
        now=now,
        expires=now + KEPT,
    )
    if made is not None:
        return Claimed(token)
    row = await tx.one(_Row, _READ, endpoint=endpoint, key=key)
    if row is None:  # given up between the two statements
        return InProgress(1)
    if row.request_hash != request_hash:
        return Mismatch()
    if row.status is None or row.media_type is None or row.body is None:
        return InProgress(max(1, min(5, int((row.claimed_until - now).total_seconds()))))
    return Replay(row.status, row.media_type, row.body)


async def answer(tx: Transaction, endpoint: str, key: str, claimed: Claimed, reply: Replay) -> None:
    """Keep the answer, in the transaction that records the work: both are there after a crash, or neither.

    Raises Conflict `idempotency_lost` where another took the request over; the transaction must then roll back.
    """
    kept = await tx.execute(
        _ANSWER,
        endpoint=endpoint,
        key=key,
        token=claimed.token,
        status=reply.status,
        media_type=reply.media_type,
        body=reply.body,
    )
    if not kept:
        raise Conflict(
            Problem(
                "idempotency_lost", "This request took so long that a repetition of it was begun.", hint="Repeat it."
            )
        )


async def release(tx: Transaction, endpoint: str, key: str, claimed: Claimed) -> None:
    """Give a request up without an answer (it was invalid, or failed): the key is new again."""
    await tx.execute(_RELEASE, endpoint=endpoint, key=key, token=claimed.token)


async def purge(system: Transaction, now: datetime) -> int:
    """Remove expired answers of all tenants, some thousands at most; how many. In a transaction of the system."""
    return await system.execute(_PURGE, now=now)
