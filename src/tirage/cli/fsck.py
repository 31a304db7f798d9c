"""`tirage fsck`: prove that an installation is whole, whatever died on the way."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tirage.cli.console import OK, SOME_FAILED, ending, result, result_json, say, stop

SHOWN = 50


def fsck(
    data_dir: Annotated[Path | None, typer.Option(metavar="DIR", help="Where the service keeps its data.")] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Only look whether objects are there and as long; read none.")
    ] = False,
    sweep: Annotated[
        bool, typer.Option("--sweep", help="Remove objects older than an hour that no record names.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print what was found for programs, and nothing else.")] = False,
) -> None:
    """Prove that records, objects and counts agree; the service may run. Ends with 1 where something does not hold."""
    import asyncio
    from dataclasses import asdict

    with ending(json):
        from tirage.actions.fsck import FsckReport, Inspected
        from tirage.actions.fsck import fsck as prove
        from tirage.blobs import open_blobs
        from tirage.cli.service_settings import read
        from tirage.clock import SystemClock
        from tirage.context import data_folder, running_database, start_pool
        from tirage.db.connect import Database

        settings = read({"data_dir": None if data_dir is None else str(data_dir)})
        # Started before there is an event loop or a thread: its server forks.
        pool = None if quick else start_pool(settings)

        async def run() -> FsckReport:
            blobs = open_blobs(settings.storage, data_folder(settings) / "blobs", reserve_bytes=0)
            try:
                async with Database(address, connections=4) as database:
                    inspected = Inspected(address, database, blobs, SystemClock(), pool, quick)
                    return await prove(inspected, sweep=sweep, told=(lambda _: None) if json else say)
            finally:
                await blobs.close()

        try:
            with running_database(settings) as address:
                report = asyncio.run(run())
        finally:
            if pool is not None:
                pool.close()
        if json:
            result_json({"clean": report.clean, **asdict(report)})
        else:
            for each in report.violations[:SHOWN]:
                result(f"{each.invariant}  {each.subject} {each.told}", "✗", "red")
            if len(report.violations) > SHOWN:
                say(f"… and {len(report.violations) - SHOWN} more; --json has all.")
            if report.sweepable:
                say(f"{len(report.sweepable)} objects without a record were removed.")
            megabytes = report.bytes_read / 1e6
            looked = f"{report.pictures} pictures, {report.objects} objects, {megabytes:.1f} MB read"
            result(f"Clean: {looked}." if report.clean else f"{len(report.violations)} violations: {looked}.")
        stop(OK if report.clean else SOME_FAILED)
