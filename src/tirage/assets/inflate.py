"""Compressed pieces → inflated pieces, never more than the limit however small the input."""

from __future__ import annotations

import zlib
from collections.abc import Iterator

from tirage.assets.problems import problem

_PIECE = 65_536
_DEPTH = 2
_BOMB = "The source inflates to more than {:,} bytes."


class Inflater:
    """Undoes a Content-Encoding of at most two layers of gzip or deflate, with a running cap on each layer.

    A host was asked for `identity`; one that compresses anyway is understood as far as the standard library goes.
    """

    def __init__(self, encoding: str, max_bytes: int) -> None:
        names = [name.strip().lower() for name in encoding.split(",")]
        names = [name for name in names if name not in ("", "identity")]
        if len(names) > _DEPTH or any(name not in ("gzip", "x-gzip", "deflate") for name in names):
            raise problem(
                "source_protocol",
                f"The source is compressed as {encoding[:60]!r} although it was asked for uncompressed.",
                "Let its server honour Accept-Encoding: identity.",
            )
        self._layers = [_Layer(name, max_bytes) for name in reversed(names)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Inflate one received piece; raises `source_too_large`, or `source_protocol` for broken data."""
        yield from self._through(data, 0)

    def finish(self) -> None:
        """Raise `source_truncated` unless every layer has seen its end."""
        if not all(layer.ended for layer in self._layers):
            raise problem("source_truncated", "The source's compressed data ends too early.")

    def _through(self, data: bytes, depth: int) -> Iterator[bytes]:
        if depth == len(self._layers):
            yield data
            return
        for piece in self._layers[depth].feed(data):
            yield from self._through(piece, depth + 1)


class _Layer:
    def __init__(self, name: str, max_bytes: int) -> None:
        # 47: gzip or zlib by the first bytes (zlib manual, inflateInit2).
        self._stream = zlib.decompressobj(47)
        self._may_be_raw = name == "deflate"
        self._left = self._max_bytes = max_bytes

    @property
    def ended(self) -> bool:
        return self._stream.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._stream.eof:
                raise problem("source_protocol", "The source has more data after its compressed data.")
            try:
                piece = self._stream.decompress(data, _PIECE)
            except zlib.error:
                if not self._may_be_raw:
                    raise problem("source_protocol", "The source's compressed data is broken.") from None
                # Some servers send deflate without the zlib wrapping that RFC 9110, 8.4.1.2 asks for.
                self._stream = zlib.decompressobj(-zlib.MAX_WBITS)
                self._may_be_raw = False
                continue
            self._may_be_raw = False
            data = self._stream.unconsumed_tail or self._stream.unused_data
            self._left -= len(piece)
            if self._left < 0:
                raise problem("source_too_large", _BOMB.format(self._max_bytes))
            if piece:
                yield piece
