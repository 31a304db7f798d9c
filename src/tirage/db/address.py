"""Where the database is: one address for the application, one for its owner, who migrates."""

from __future__ import annotations

from dataclasses import dataclass, field

from psycopg import ProgrammingError
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from tirage.db.errors import DatabaseRefused
from tirage.engine.errors import Problem

CONNECT_SECONDS = 5
DATABASE = "tirage"


@dataclass(frozen=True, slots=True)
class DatabaseAddress:
    """Connection strings (libpq's, addresses or key words); they may hold passwords and stay out of reprs.

    `application` is what requests use, `owner` what migrations use; `installer` may create roles and databases and is
    known for the embedded server only.
    """

    application: str = field(repr=False)
    owner: str = field(repr=False)
    installer: str | None = field(default=None, repr=False)

    @classmethod
    def of_urls(cls, url: str, owner_url: str = "") -> DatabaseAddress:
        """The address of one's own server. Raises DatabaseRefused `database_url_invalid`."""
        return cls(_checked(url, "TIRAGE_DATABASE_URL"), _checked(owner_url or url, "TIRAGE_DATABASE_OWNER_URL"))

    @classmethod
    def of_socket(cls, folder: str, port: int, database: str = DATABASE) -> DatabaseAddress:
        """The address of an embedded server by the folder of its socket."""

        def as_user(user: str, name: str) -> str:
            return make_conninfo(host=folder, port=port, user=user, dbname=name, connect_timeout=CONNECT_SECONDS)

        return cls(as_user("tirage_app", database), as_user("tirage_owner", database), as_user("postgres", "postgres"))


def _checked(url: str, variable: str) -> str:
    try:
        parts = conninfo_to_dict(url)
    except ProgrammingError:
        # libpq's own message quotes the address, password included.
        raise DatabaseRefused(
            Problem(
                "database_url_invalid",
                f"{variable} is not an address of a PostgreSQL database.",
                variable,
                "Write it as postgresql://user:password@host:5432/database.",
            )
        ) from None
    # Without a limit a host that swallows packets holds a request for minutes; keepalives find a dead peer.
    settings = {
        "connect_timeout": CONNECT_SECONDS,
        "keepalives_idle": 10,
        "keepalives_interval": 5,
        "keepalives_count": 3,
    }
    missing = {name: value for name, value in settings.items() if name not in parts}
    return make_conninfo(url, **missing)
