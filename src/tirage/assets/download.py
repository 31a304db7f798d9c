"""The address of a table → a file: the guarded client for what is too large to be held in memory."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import IO

from tirage.assets.exchange import Answer, exchange
from tirage.assets.fetch import Fetcher
from tirage.assets.limits import Limits
from tirage.assets.problems import problem
from tirage.assets.urls import Url, parse_url

LIMITS = Limits(total=600.0, first_byte=30.0, stall=15.0, max_bytes=1_000_000_000)
"""A published sheet is computed when it is asked for, which takes its time."""
_ACCEPT = "text/csv,text/tab-separated-values,application/x-ndjson,application/json,*/*;q=0.5"


@dataclass(frozen=True, slots=True)
class Downloaded:
    """What an address gave: where it led in the end, what its host says of it; `changed` is false for a 304."""

    final_url: str
    media_type: str
    disposition: str
    etag: str
    changed: bool


async def download(
    fetcher: Fetcher, text: str, into: IO[bytes], *, etag: str = "", limits: Limits = LIMITS
) -> Downloaded:
    """Fetch what lies at an address into a file, under the policy of this fetcher; nothing is cached or shared.

    With `etag` only what has changed since is fetched. Raises ResourceProblem with one of the `source_…` codes.
    """
    client = _FileFetcher(fetcher, into, limits)
    try:
        target = parse_url(text, max_chars=limits.max_url_chars)
        fetcher.policy.check_url(target)
        return await client.download(target, {"If-None-Match": etag} if etag else {})
    finally:
        await client.aclose()


class _FileFetcher(Fetcher):
    """The redirects, tries and deadlines of the other, with a file where bodies go."""

    def __init__(self, model: Fetcher, into: IO[bytes], limits: Limits) -> None:
        super().__init__(model.policy, limits=limits, resolver=model.resolver, ca_file=model._ca_file)
        self._into = into

    async def download(self, target: Url, headers: Mapping[str, str]) -> Downloaded:
        final, answer, _ = await self._with_tries(target, None, headers)
        if answer.status != 304 or not headers:
            if 203 < answer.status < 300:
                raise problem("source_http_error", f"{final} answered {answer.status}, which carries no table.")
            self._check_status(final, answer.status)
        return Downloaded(
            final_url=final.text,
            media_type=answer.headers.get("content-type", "").partition(";")[0].strip().lower(),
            disposition=answer.headers.get("content-disposition", ""),
            etag=answer.headers.get("etag", ""),
            changed=answer.status != 304,
        )

    async def _ask(self, url: Url, headers: Mapping[str, str], seconds: float) -> Answer:
        return await exchange(self._connections(), url, headers, self._limits, seconds, accept=_ACCEPT, into=self._into)
