"""Which names objects may have: generated parts, lower case, no way out of the store."""

from __future__ import annotations

import re

from tirage.blobs.problems import StorageProblem, problem

LONGEST = 400
"""Code points of a key; the narrowest of the stores takes 1,024 bytes, a prefix of the operator's included."""

# Lower case only, so that a disk that folds case holds the same objects as one that does not; a part never begins
# with a dot, so neither `..` nor a hidden file can be named; a percent sign is refused, so nothing is decoded twice.
_PART = r"[a-z0-9_][a-z0-9._-]{0,119}"
_KEY = re.compile(rf"{_PART}(?:/{_PART}){{0,9}}")


def valid(key: str) -> bool:
    """Whether this can be the key of an object."""
    return len(key) <= LONGEST and _KEY.fullmatch(key) is not None


def checked(key: str) -> str:
    """The key itself, for writing. Raises StorageProblem `storage_key_invalid`."""
    if not valid(key):
        raise problem(
            "storage_key_invalid",
            f"{key[:80]!r} cannot be the name of an object.",
            "Parts of a-z, 0-9, '_', '-' and '.', joined by single slashes, are taken.",
        )
    return key


def checked_prefix(prefix: str) -> str:
    """The prefix itself: empty, or a key and a closing slash. Raises StorageProblem `storage_key_invalid`.

    The slash keeps the removal of `w/a1/` from reaching `w/a10/`.
    """
    if prefix == "" or (prefix.endswith("/") and valid(prefix[:-1])):
        return prefix
    raise problem(
        "storage_key_invalid",
        f"{prefix[:80]!r} cannot be the beginning of objects' names.",
        "It must be empty or end with a slash.",
    )


def missing(key: str) -> StorageProblem:
    """The error for a key that no object has, or can have."""
    return problem("storage_not_found", f"There is no object {key[:80]!r} in the store.")


def exists(key: str) -> StorageProblem:
    """The error for an object that was to be kept."""
    return problem("storage_exists", f"There is an object {key[:80]!r} already, and it was to be kept.")
