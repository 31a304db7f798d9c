"""The application on a port: uvicorn with bounded connections, TLS where it is asked for, an orderly end."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import socket
import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn

from tirage.api.deadlines import BoundedProtocol
from tirage.context import words
from tirage.engine.errors import Problem, TirageError
from tirage.settings import Settings

FINISH_SECONDS = 30
"""How long requests in work may take to finish after the order to stop."""
BACKLOG = 2_048


def listen(host: str, port: int) -> socket.socket:
    """A listening socket; taken before anything slow begins, so that a port in use is told at once.

    Raises TirageError `address_in_use`.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    sock = socket.socket(family, socket.SOCK_STREAM)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        sock.bind((host, port))
    except OSError as error:
        sock.close()
        raise TirageError(
            Problem(
                "address_in_use",
                f"Port {port} of {host} cannot be had: {error.strerror}.",
                hint="Stop what listens there, or choose another port with --port.",
            )
        ) from None
    return sock


def serve(
    app: Any, sock: socket.socket, settings: Settings, *, tls: tuple[Path, Path] | None, started: Callable[[], None]
) -> bool:
    """Serve until SIGINT or SIGTERM; requests in work are finished. False where the application did not start."""
    config = uvicorn.Config(
        app,
        http=BoundedProtocol,
        ws="none",
        loop="uvloop" if _has_uvloop() else "asyncio",
        lifespan="on",
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=True,
        backlog=BACKLOG,
        timeout_keep_alive=15,
        timeout_graceful_shutdown=FINISH_SECONDS,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=words(settings.trusted_proxies) or None,
        ssl_certfile=str(tls[0]) if tls else None,
        ssl_keyfile=str(tls[1]) if tls else None,
        ssl_version=ssl.PROTOCOL_TLS_SERVER,
    )
    # It says at length what our own lines say; its warnings stay.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    server = _Server(config, started)
    # Once everything is finished, uvicorn raises the signal again that has ended it; here that is the orderly end.
    with contextlib.suppress(KeyboardInterrupt):
        server.run(sockets=[sock])
    return server.started


class _Server(uvicorn.Server):
    """A server that says when it answers."""

    def __init__(self, config: uvicorn.Config, started: Callable[[], None]) -> None:
        super().__init__(config)
        self._say_started = started

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started and not self.should_exit:
            await asyncio.sleep(0)
            # What was loaded stays: the collector need not look at it again and again.
            gc.freeze()
            self._say_started()


def _has_uvloop() -> bool:
    from importlib.util import find_spec

    return find_spec("uvloop") is not None
