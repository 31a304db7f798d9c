"""What can go wrong with the database itself, in terms that the edges can translate."""

from __future__ import annotations

from tirage.engine.errors import TirageError


class DatabaseUnavailable(TirageError):
    """The database does not answer, or not in time (code `database_unavailable`); the same call may succeed later."""

    retryable = True


class DatabaseFull(TirageError):
    """The database's volume is full (code `storage_full`); reading still works."""

    retryable = True


class TextRefused(TirageError):
    """A text cannot be stored (code `text_invalid`): PostgreSQL has none with the character U+0000."""


class DatabaseRefused(TirageError):
    """The database cannot be used as it is: wrong role, changed migration, another version, a folder in use."""


class Taken(Exception):
    """What was to be unique is there already; whoever wrote tries another value, or finds what there is."""
