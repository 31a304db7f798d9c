"""`tirage serve`: the whole service in one command, from database to first key, until Ctrl-C."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tirage.cli.console import coloured, ending, interrupted_by_terminate, say, stop

if TYPE_CHECKING:
    from socket import socket

    from tirage.actions.first_workspace import FirstWorkspace
    from tirage.db.address import DatabaseAddress
    from tirage.pool.supervisor import Pool
    from tirage.settings import Settings

EXAMPLE = "quote"
"""The starter of the printed call."""


def serve(
    host: Annotated[str | None, typer.Option(help="The address to listen on; 0.0.0.0 is every one.")] = None,
    port: Annotated[int | None, typer.Option(help="The port to listen on; 0 takes a free one.")] = None,
    data_dir: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Where database, pictures and secret are kept.")
    ] = None,
    public_url: Annotated[str | None, typer.Option(metavar="URL", help="The base of every address in answers.")] = None,
    workers: Annotated[int | None, typer.Option(help="How many pictures are drawn at once.")] = None,
    tls: Annotated[str | None, typer.Option(metavar="self-signed", help="Serve HTTPS, certificate made now.")] = None,
    tls_cert: Annotated[str | None, typer.Option(metavar="FILE", help="The certificate for HTTPS (PEM).")] = None,
    tls_key: Annotated[str | None, typer.Option(metavar="FILE", help="The certificate's private key (PEM).")] = None,
) -> None:
    """Start the service: database, storage, drawing processes and API. Ctrl-C ends all of it."""
    from tirage.cli.service_settings import read
    from tirage.outlet import unblocked

    with unblocked(), ending():
        settings = read(
            {
                "host": host,
                "port": None if port is None else str(port),
                "data_dir": None if data_dir is None else str(data_dir),
                "public_url": public_url,
                "workers": None if workers is None else str(workers),
                "tls_cert": tls or tls_cert,
                "tls_key": tls_key,
            }
        )
        with interrupted_by_terminate():
            _run(settings)


def _run(settings: Settings) -> None:
    from dataclasses import replace

    from tirage import log
    from tirage.api.server import listen
    from tirage.context import data_folder, start_pool
    from tirage.db.folder import lock_data_folder

    begun = time.monotonic()
    log.configure(settings.log_format)
    lock = lock_data_folder(data_folder(settings))
    try:
        sock = listen(settings.host, settings.port)
        settings = replace(settings, port=sock.getsockname()[1])
        # Started before there is an event loop or a thread: its server forks.
        pool = start_pool(settings, prefetch=0)
        try:
            _with_database(settings, pool, sock, begun)
        finally:
            pool.close()
            sock.close()
    finally:
        lock.release()
    say("Stopped.")


def _with_database(settings: Settings, pool: Pool, sock: socket, begun: float) -> None:
    from tirage.api import telemetry
    from tirage.api.app import create_app
    from tirage.api.certificate import certificate_of
    from tirage.api.server import serve as serve_app
    from tirage.context import open_service, running_database
    from tirage.db.migrate import migrate
    from tirage.worker.beside import WorkersBeside

    with running_database(settings) as address, contextlib.ExitStack() as running:
        migrate(address)
        first = _first(settings, address)
        pool.wait_ready(60)
        running.enter_context(WorkersBeside(settings, settings.batch_workers))
        telemetry.name_service()
        app = create_app(settings, lambda: open_service(settings, pool, address))
        files = certificate_of(settings)

        def started() -> None:
            _greet(settings, first, time.monotonic() - begun)

        if not serve_app(app, sock, settings, tls=files, started=started):
            stop(1)


def _first(settings: Settings, address: DatabaseAddress) -> FirstWorkspace | None:
    import asyncio

    from tirage.actions.first_workspace import first_workspace
    from tirage.clock import SystemClock
    from tirage.db.connect import Database

    async def make() -> FirstWorkspace | None:
        async with Database(address, connections=2) as database:
            return await first_workspace(database, SystemClock(), settings.bootstrap_key)

    return asyncio.run(make())


def _greet(settings: Settings, first: FirstWorkspace | None, seconds: float) -> None:
    from tirage.context import data_folder, public_url

    base = public_url(settings)
    say(f"{coloured('Tirage', 'bold')} answers at {coloured(base, 'bold')} (ready in {seconds:.1f} s)")
    say(f"  Data: {data_folder(settings)}    Documentation: {base}/docs")
    if first is None:
        say("  Another API key: tirage keys create NAME")
    else:
        key = "YOUR_KEY" if settings.bootstrap_key else first.key.secret.text
        if not settings.bootstrap_key:
            say(f"  API key, shown this once: {coloured(key, 'green')}")
        insecure = "-k " if settings.tls_cert == "self-signed" else ""
        say("Try it:")
        say(f"  curl {insecure}-X POST {base}/designs/{first.designs[EXAMPLE]} -H 'Authorization: Bearer {key}' \\")
        say("    -H 'Content-Type: application/json' -d '{\"format\": \"png\"}'")
    say("Ctrl-C ends it.")
