"""What decided a picture's bytes beside its values and options → the JSON text of its record, and back."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

import orjson

from tirage.assets.fetched import Fetched
from tirage.assets.fontsource import FontPack
from tirage.engine.recipe import engine_identity

_SHOWN = 300
"""Characters of a source that are kept: data URLs are as long as their pictures."""


@dataclass(frozen=True, slots=True)
class RowOrigin:
    """One bound row: which document (by version and digest), for which moment, with which pictures and fonts.

    `images` are (source, SHA-256), `fonts` the workspace's own as (name, SHA-256), `bundled` is the digest of all
    others that may have served.
    """

    template: str
    version: int
    document: str
    moment: str
    images: tuple[tuple[str, str], ...]
    fonts: tuple[tuple[str, str], ...]
    bundled: str

    @property
    def at(self) -> datetime:
        """The moment that the row was bound for."""
        return datetime.fromisoformat(self.moment)


@dataclass(frozen=True, slots=True)
class Origin:
    """The rows of one file (one, or the pages of a document of several designs) and the engine that drew them."""

    engine: str
    rows: tuple[RowOrigin, ...]
    batch: bool = False

    def text(self) -> str:
        """As a record holds it."""
        return orjson.dumps(self).decode()

    @classmethod
    def read(cls, text: str) -> Origin | None:
        """From a record; None for a picture that was made before origins were kept."""
        if not text:
            return None
        told = orjson.loads(text)
        rows = tuple(
            RowOrigin(
                **{
                    **row,
                    "images": tuple((source, sha256) for source, sha256 in row["images"]),
                    "fonts": tuple((name, sha256) for name, sha256 in row["fonts"]),
                }
            )
            for row in told["rows"]
        )
        return cls(told["engine"], rows, told["batch"])


def row_origin(
    template: str,
    version: int,
    document: str,
    moment: datetime,
    found: Mapping[str, Fetched],
    own: FontPack,
    serving: frozenset[str],
) -> RowOrigin:
    """The origin of a bound row; `serving` are the keys of all fonts that may have set its text."""
    return RowOrigin(
        template,
        version,
        document,
        moment.isoformat(),
        tuple(sorted((shown(source), each.sha256) for source, each in found.items())),
        tuple(zip(own.names, own.keys, strict=True)),
        _digest(serving.difference(own.keys) if own.keys else serving),
    )


def origin_of(rows: Sequence[RowOrigin], *, batch: bool = False) -> Origin:
    """The origin of a file that this engine draws."""
    return Origin(engine_identity(), tuple(rows), batch)


def shown(source: str) -> str:
    """A source as records keep it: a long one, which is a data URL, by its beginning."""
    return source if len(source) <= _SHOWN else f"{source[:80]}…"


@lru_cache(maxsize=256)
def _digest(keys: frozenset[str]) -> str:
    return hashlib.sha256("\n".join(sorted(keys)).encode()).hexdigest()[:32]
