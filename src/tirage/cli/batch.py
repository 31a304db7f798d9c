"""`tirage batch`: batches on a server, from the table on this machine to the pictures in a folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from tirage.cli.console import OK, SOME_FAILED, result, result_json, say, stop
from tirage.cli.options import Delimiter, Encoding, Sheet
from tirage.cli.remote import Insecure, Json, Server, connected
from tirage.engine.errors import Problem, TirageError

batch = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Draw tables on a server.")
Uid = Annotated[str, typer.Argument(metavar="BATCH", help="The id of the batch.")]
Verb = Literal["pause", "resume", "cancel", "retry"]


@batch.callback()
def _root() -> None:
    """Draw tables on a server: submit, watch, steer and download batches."""


@batch.command("submit")
def submit(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="A design of the server: its id or its name.")],
    data: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The table: CSV, TSV, XLSX, JSON, NDJSON or Parquet.")
    ] = None,
    source: Annotated[
        str | None, typer.Option(metavar="URL", help="The address of a table, which the server fetches.")
    ] = None,
    formats: Annotated[
        list[str] | None, typer.Option("--format", metavar="NAME", help="The format of the pictures, repeatable.")
    ] = None,
    sizes: Annotated[
        list[str] | None, typer.Option("--size", metavar="NAME", help="A size of the design, repeatable; or all.")
    ] = None,
    locales: Annotated[
        list[str] | None, typer.Option("--locale", metavar="TAG", help="A language, such as de-CH, repeatable.")
    ] = None,
    base: Annotated[
        str | None, typer.Option(metavar="BATCH", help="Take pictures of that batch where a row's would be the same.")
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="File names in downloads, such as {row:05d}-{title}.")
    ] = None,
    mappings: Annotated[
        list[str] | None,
        typer.Option("--map", metavar="COLUMN=NAME", help="What a column is for, repeatable; or auto, by likeness."),
    ] = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    destination: Annotated[
        str | None, typer.Option(metavar="ID", help="A bucket of yours that the files are handed over to as well.")
    ] = None,
    idempotency_key: Annotated[
        str | None, typer.Option(metavar="KEY", help="Start one batch only, however often this is called.")
    ] = None,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end.")] = False,
    json: Json = False,
    server: Server = None,
    insecure: Insecure = False,
) -> None:
    """Start a batch, one picture for each row, and print its id, which the other commands take."""
    with connected(server, json=json, insecure=insecure) as client:
        if (data is None) == (source is None):
            hint = "Say --data FILE for a table on this machine, or --source URL for one that the server fetches."
            raise TirageError(Problem("source_missing", "A batch draws one table.", hint=hint))
        _require_table(data)
        options: dict[str, Any] = {
            "naming": name,
            "mapping": _mapping(mappings) if mappings else None,
            "encoding": encoding,
            "delimiter": delimiter,
            "sheet": sheet,
            "destinationId": destination,
            "formats": formats,
            "sizes": "all" if sizes == ["all"] else sizes,
            "locales": locales,
            "baseBatchId": base,
        }
        design = client.templates.find(template)
        made = client.batches.submit(
            design.id,
            data=data,
            source=source,
            options={name: value for name, value in options.items() if value},
            idempotency_key=idempotency_key,
        )
        from tirage.cli import batch_watch

        if watch:
            if not json:
                say(f"Batch {made.id} draws {design.name!r}.")
            stop(batch_watch.watch(client, made.id, json=json))
        if json:
            result_json(batch_watch.as_json(made) | {"ok": True})
            return
        say(f"{design.name!r} is queued. To watch it: tirage batch watch {made.id}")
        result(made.id)


@batch.command("preview")
def preview(
    template: Annotated[str, typer.Argument(metavar="TEMPLATE", help="A design of the server: its id or its name.")],
    data: Annotated[Path, typer.Option(metavar="FILE", help="The table.")],
    mappings: Annotated[
        list[str] | None, typer.Option("--map", metavar="COLUMN=NAME", help="What a column is for; else it is guessed.")
    ] = None,
    encoding: Encoding = None,
    delimiter: Delimiter = None,
    sheet: Sheet = None,
    json: Json = False,
    server: Server = None,
    insecure: Insecure = False,
) -> None:
    """Tell what each column of a table is probably for, and what is wrong with the first rows. Starts nothing."""
    with connected(server, json=json, insecure=insecure) as client:
        from tirage.cli import batch_preview

        _require_table(data)
        options = {"encoding": encoding, "delimiter": delimiter, "sheet": sheet}
        asked: dict[str, Any] = {name: value for name, value in options.items() if value is not None}
        if mappings:
            asked["mapping"] = _mapping(mappings)
        design = client.templates.find(template)
        stop(batch_preview.tell(client.batches.preview(design.id, data=data, options=asked), json=json))


@batch.command("watch")
def watch(uid: Uid, json: Json = False, server: Server = None, insecure: Insecure = False) -> None:
    """Follow a batch to its end; ends with 1 where rows have failed. Ctrl-C leaves the batch alone."""
    with connected(server, json=json, insecure=insecure) as client:
        from tirage.cli import batch_watch

        stop(batch_watch.watch(client, uid, json=json))


@batch.command("pause")
def pause(uid: Uid, json: Json = False, server: Server = None, insecure: Insecure = False) -> None:
    """Begin no further row; those in work are finished."""
    _steer("pause", uid, json, server, insecure)


@batch.command("resume")
def resume(uid: Uid, json: Json = False, server: Server = None, insecure: Insecure = False) -> None:
    """Let a paused batch go on."""
    _steer("resume", uid, json, server, insecure)


@batch.command("cancel")
def cancel(uid: Uid, json: Json = False, server: Server = None, insecure: Insecure = False) -> None:
    """End a batch; what is drawn stays."""
    _steer("cancel", uid, json, server, insecure)


@batch.command("retry")
def retry(
    uid: Uid,
    watch: Annotated[bool, typer.Option("--watch", help="Follow it to its end.")] = False,
    json: Json = False,
    server: Server = None,
    insecure: Insecure = False,
) -> None:
    """Draw the failed rows of a finished batch once more."""
    _steer("retry", uid, json, server, insecure, watch=watch)


@batch.command("list")
def list_(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many.")] = 20,
    state: Annotated[
        str | None, typer.Option(help="Only those that are queued, running, paused, finished, failed or cancelled.")
    ] = None,
    json: Json = False,
    server: Server = None,
    insecure: Insecure = False,
) -> None:
    """List batches, newest first."""
    with connected(server, json=json, insecure=insecure) as client:
        from itertools import islice

        from tirage.cli.batch_watch import as_json, sentence

        found = list(islice(client.batches.list(state), limit))
        if json:
            result_json([as_json(each) for each in found])
            return
        for each in found:
            result(f"{each.created_at:%Y-%m-%d %H:%M} {sentence(each)}")
        if not found:
            say("There are no batches.")


@batch.command("download")
def download(
    uid: Uid,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Where to; default: a folder named as it is.")] = None,
    json: Json = False,
    server: Server = None,
    insecure: Insecure = False,
) -> None:
    """Save the pictures of all finished rows. Called again, it fetches what is missing and no more."""
    with connected(server, json=json, insecure=insecure) as client:
        from tirage.cli.batch_watch import downloading

        state = client.batches.get(uid)
        folder = out or Path(uid)
        fetched = kept = size = 0
        rows: set[int] = set()
        with downloading(state.counts.done, quiet=json) as advance:
            for each in client.batches.download(uid, folder):
                fetched, kept = fetched + each.fetched, kept + (not each.fetched)
                size += each.bytes
                rows.add(each.row)
                advance()
        missing = state.counts.total - len(rows)
        if json:
            told = {"fetched": fetched, "unchanged": kept, "missing": missing, "bytes": size, "out": str(folder)}
            result_json({"ok": missing == 0, **told})
        else:
            parts = [f"{fetched:,} fetched"]
            parts += [f"{kept:,} were there already"] if kept else []
            parts += [f"{missing:,} rows have no picture"] if missing else []
            result(f"{', '.join(parts)}. They lie in {folder}")
        stop(SOME_FAILED if missing else OK)


def _steer(verb: Verb, uid: str, json: bool, url: str | None, insecure: bool, *, watch: bool = False) -> None:
    with connected(url, json=json, insecure=insecure) as client:
        from tirage.cli import batch_watch

        does = {
            "pause": client.batches.pause,
            "resume": client.batches.resume,
            "cancel": client.batches.cancel,
            "retry": client.batches.retry,
        }
        now = does[verb](uid)
        if watch:
            stop(batch_watch.watch(client, uid, json=json))
        if json:
            result_json(batch_watch.as_json(now) | {"ok": True})
        else:
            result(batch_watch.sentence(now))


def _require_table(data: Path | None) -> None:
    if data is not None and not data.is_file():
        raise TirageError(Problem("table_not_found", f"There is no table {str(data)!r}."))


def _mapping(texts: list[str]) -> dict[str, str | None] | str:
    """`COLUMN=NAME` texts by column, `COLUMN=` leaves one out; at the last equals sign, since columns have any name."""
    if texts == ["auto"]:
        return "auto"
    mapping: dict[str, str | None] = {}
    for text in texts:
        column, equals, name = text.rpartition("=")
        if not equals or not column.strip():
            raise typer.BadParameter(f"{text!r} is not of the form COLUMN=NAME, nor auto.", param_hint="--map")
        mapping[column.strip()] = name.strip() or None
    return mapping
