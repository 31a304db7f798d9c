"""The text of the storage setting → which bucket, where; credentials are never part of it."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from tirage.blobs.keys import valid
from tirage.blobs.problems import StorageProblem, problem
from tirage.engine.errors import closest

_FORMS = "Use a folder, s3://bucket/prefix, gs://bucket/prefix or az://account/container/prefix."


@dataclass(frozen=True, slots=True)
class Location:
    """Where objects are: scheme, bucket (for Azure `account/container`), the prefix of all keys, further options."""

    scheme: str
    bucket: str
    prefix: str
    options: tuple[tuple[str, str], ...] = ()

    def option(self, name: str) -> str | None:
        """The value of an option, or None."""
        return dict(self.options).get(name)


# What may be told about a bucket; whatever is secret comes from the environment of the cloud's own tools.
OPTIONS = {
    "s3": frozenset({"region", "endpoint", "path_style"}),
    "gs": frozenset(),
    "az": frozenset({"endpoint"}),
}


def parse_location(text: str) -> Location:
    """Read an address. Raises StorageProblem `storage_location_invalid`."""
    try:
        parts = urlsplit(text)
        secret = parts.username is not None or parts.password is not None
    except ValueError:
        raise invalid("The storage setting is not an address.", _FORMS) from None
    if parts.scheme not in OPTIONS:
        raise invalid(f"There is no storage of the kind {parts.scheme[:20]!r}.", _FORMS)
    if secret:
        raise invalid(
            "The storage setting holds credentials.",
            "Set the variables of the cloud's own tools instead, such as AWS_ACCESS_KEY_ID.",
        )
    if not parts.netloc or parts.fragment:
        raise invalid("The storage setting names no bucket.", _FORMS)
    bucket, prefix = parts.netloc, parts.path.strip("/")
    if parts.scheme == "az":
        container, _, prefix = prefix.partition("/")
        if not container:
            raise invalid("The storage setting names no container.", "Use az://account/container/prefix.")
        bucket = f"{bucket}/{container}"
    if prefix and not valid(prefix):
        raise invalid(
            f"The prefix {prefix[:80]!r} of the storage setting cannot be used.",
            "Parts of a-z, 0-9, '_', '-' and '.', joined by single slashes, are taken.",
        )
    options = tuple(parse_qsl(parts.query, keep_blank_values=True))
    for name, value in options:
        if name not in OPTIONS[parts.scheme]:
            near = closest(name, OPTIONS[parts.scheme])
            hint = f"Did you mean {near}?" if near else "The reference of the setting lists them."
            raise invalid(f"{parts.scheme}:// has no option {name[:40]!r}.", hint)
        if name == "endpoint" and not value.startswith(("https://", "http://")):
            raise invalid("The endpoint of the storage setting must begin with https:// or http://.")
    return Location(parts.scheme, bucket, prefix, options)


def invalid(message: str, hint: str | None = None) -> StorageProblem:
    """The error for a setting that cannot be used."""
    return problem("storage_location_invalid", message, hint)
