"""CANARY: listeners on addresses that must never be dialled, each counting the connections it accepted."""

from __future__ import annotations

import contextlib
import socket
import threading
from types import TracebackType
from typing import Self

ADDRESSES = ("127.0.0.1", "::1", "127.0.0.3")


class Canary:
    """Listens at `port` on every address; `accepts` must stay 0. It answers nothing, it only counts."""

    def __init__(self, port: int, addresses: tuple[str, ...] = ADDRESSES) -> None:
        self.port = port
        self.accepts = 0
        self._listeners: list[socket.socket] = []
        try:
            for address in addresses:
                family = socket.AF_INET6 if ":" in address else socket.AF_INET
                self._listeners.append(socket.create_server((address, port), family=family))
        except OSError:
            self._close()
            raise
        self._threads = [
            threading.Thread(target=self._count, args=(listener,), name="canary", daemon=True)
            for listener in self._listeners
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        for thread in self._threads:
            thread.join()

    def _count(self, listener: socket.socket) -> None:
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.accepts += 1
            connection.close()

    def _close(self) -> None:
        for listener in self._listeners:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
            listener.close()
