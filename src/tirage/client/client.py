"""A server's address and a key → its resources."""

from __future__ import annotations

import os
from types import TracebackType
from typing import Self

from tirage.client.batches import Batches
from tirage.client.designs import Designs
from tirage.client.errors import ApiError
from tirage.client.images import Images
from tirage.client.retries import Retries
from tirage.client.templates import Templates
from tirage.client.transport import Transport

URL_VARIABLE = "TIRAGE_URL"
KEY_VARIABLE = "TIRAGE_API_KEY"


class Client:
    """A Tirage server. Safe for use from several threads; close it, or use it in `with`.

    `url` and `key` default to the environment's TIRAGE_URL and TIRAGE_API_KEY. `timeout` is in seconds of silence,
    `tries` counts requests including the first, `longest_wait` is the longest `Retry-After` in seconds that is waited
    for; `verify` is False for a self-signed certificate that is not looked at, or the file of its authority.
    Raises ApiError `url_missing`, `key_missing`, `url_invalid`.
    """

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout: float = 30.0,
        tries: int = 5,
        longest_wait: float = 60.0,
        verify: bool | str = True,
    ) -> None:
        base = url or os.environ.get(URL_VARIABLE, "").strip()
        secret = key or os.environ.get(KEY_VARIABLE, "").strip()
        if not base:
            raise ApiError("url_missing", f"No server is named; say its address, or set {URL_VARIABLE}.")
        if not secret:
            raise ApiError("key_missing", f"No API key is given; set {KEY_VARIABLE}.")
        if not secret.isascii() or not secret.isprintable() or " " in secret:
            raise ApiError("key_missing", "The API key holds characters that no key has.")
        self._transport = Transport(
            base, secret, timeout=timeout, retries=Retries(tries, longest=longest_wait), verify=verify
        )
        self.designs = Designs(self._transport)
        self.templates = Templates(self._transport)
        self.images = Images(self._transport)
        self.batches = Batches(self._transport)

    def close(self) -> None:
        """Close the connections."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
