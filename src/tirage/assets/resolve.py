"""Picture sources → verified bytes or the reason why not: files, `data:` and http(s) URLs, each by its own way."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from tirage.assets.fetched import Fetched, LentFile
from tirage.assets.local import LocalFiles, read_data_url
from tirage.assets.problems import problem
from tirage.engine.errors import ResourceProblem
from tirage.engine.resources import Blob, FontSource

if TYPE_CHECKING:
    # The HTTP stack is loaded by whoever builds a fetcher; a run over local files never pays for it.
    from tirage.assets.fetch import Fetcher
    from tirage.assets.sync import SyncFetcher

Found = dict[str, Fetched | ResourceProblem]

# Two letters at least: a single one is a drive in a path that came from Windows, and is looked for as a path.
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:")
_REMOTE = re.compile(r"https?:", re.IGNORECASE)


def resolve(
    refs: Iterable[str],
    *,
    base: Path | LocalFiles | None,
    fetcher: SyncFetcher | None = None,
    allow_paths: Iterable[Path] = (),
    scope: str = "",
    deadline: float | None = None,
) -> Found:
    """Fetch, read or decode every source; remote ones side by side.

    `base` is the folder that relative paths start from, or a `LocalFiles` to keep over many calls; None refuses
    files. Without a `fetcher` remote sources are refused. `deadline` in seconds is for the remote ones.
    """
    found, remote = _at_hand(refs, base, allow_paths)
    if remote and fetcher is not None:
        found |= fetcher.fetch_many(remote, scope=scope, deadline=deadline)
    elif remote:
        found |= {ref: problem("source_blocked", "Remote sources are switched off for this run.") for ref in remote}
    return found


async def resolve_remote(
    refs: Iterable[str], *, fetcher: Fetcher, scope: str = "", deadline: float | None = None
) -> Found:
    """The same inside an event loop and for a service: `data:` and remote sources only, files are refused."""
    found, remote = _at_hand(refs, None, ())
    return found | await fetcher.fetch_many(remote, scope=scope, deadline=deadline)


def lend(refs: Iterable[str], files: LocalFiles) -> dict[str, LentFile | ResourceProblem]:
    """Those of the sources that are paths of files, open for another process to read them, or why they cannot be."""
    lent: dict[str, LentFile | ResourceProblem] = {}
    for ref in refs:
        if _SCHEME.match(ref) or ref.startswith(("//", "\\\\")):
            continue
        try:
            if (file := files.lend(ref)) is not None:
                lent[ref] = file
        except ResourceProblem as error:
            lent[ref] = error
    return lent


@dataclass(frozen=True, slots=True)
class ResolvedResources:
    """What the engine is handed: fonts, and pictures already resolved (see `engine.resources.Resources`)."""

    fonts: FontSource
    found: Mapping[str, Fetched | ResourceProblem] = field(default_factory=dict)

    def image(self, source: str) -> Blob:
        """The bytes of a picture; raises the ResourceProblem with which it could not be had."""
        found = self.found.get(source)
        if found is None:
            raise problem("source_not_found", "This source was not resolved before the rendering began.")
        if isinstance(found, ResourceProblem):
            # A new one each time: the same source may fail in many rows.
            raise ResourceProblem(found.problems, retryable=found.retryable)
        return Blob(found.data, found.sha256)


def _at_hand(
    refs: Iterable[str], base: Path | LocalFiles | None, allow_paths: Iterable[Path]
) -> tuple[Found, list[str]]:
    files = LocalFiles([base], allow_paths=allow_paths, remembered_bytes=0) if isinstance(base, Path) else base
    found: Found = {}
    remote: list[str] = []
    for ref in dict.fromkeys(refs):
        if _REMOTE.match(ref):
            remote.append(ref)
            continue
        try:
            found[ref] = _one(ref, files)
        except ResourceProblem as error:
            found[ref] = error
    return found, remote


def _one(ref: str, files: LocalFiles | None) -> Fetched:
    if ref[:5].lower() == "data:":
        return read_data_url(ref)
    if ref.startswith(("//", "\\\\")) or _SCHEME.match(ref):
        scheme = ref.partition(":")[0] if _SCHEME.match(ref) else "//"
        raise problem(
            "source_invalid",
            f"A source that begins with {scheme[:20]!r} is not read.",
            "Write https://…, data:… or the path of a file.",
        )
    if files is None:
        raise problem("source_invalid", "The source is not a URL.", "Begin it with https://.")
    return files.read(ref)
