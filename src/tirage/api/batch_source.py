"""The body of `POST /batches` → what to draw, and where its rows are: in the body, a file, an address."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal

import orjson
from pydantic import Field
from starlette.requests import Request

from tirage.actions.batch_outputs import Wanted, wanted_text
from tirage.actions.map_columns import check_mapping
from tirage.actions.open_design import Design
from tirage.actions.start_batch import Source
from tirage.actions.store_table import StoredTable, drop_table, move_table, store_table
from tirage.api.auth import Caller, service_of
from tirage.api.batch_outputs_body import OutputFields, outputs_asked
from tirage.api.errors import Refused
from tirage.api.json_body import Body, checked, read_model
from tirage.api.streamed_form import StreamedForm, read_form
from tirage.assets.download import LIMITS
from tirage.assets.urls import parse_url
from tirage.context import Service
from tirage.engine import formats
from tirage.engine.errors import Problem, RowProblem
from tirage.store import batches, destinations
from tirage.store.batch_orders import TableOrder
from tirage.tables.filenames import FileNamer
from tirage.tables.open import FORMATS

MAX_SOURCE = 1_000_000_000
"""Bytes of an uploaded table: a million rows of a thousand characters."""
MAX_JSON = 20_000_000
Name = Annotated[str, Field(min_length=1, max_length=300)]


class TableFields(Body):
    """How the table is read and what its columns are for."""

    mapping: Annotated[
        Annotated[dict[Name, Name | None], Field(max_length=1_000)] | Literal["auto"],
        Field(description="Column → variable, layer or layer.key, null leaves one out; auto maps by likeness."),
    ] = Field(default_factory=dict)
    naming: Annotated[
        str, Field(max_length=300, description="File names, such as {row:05d}-{title}; without an extension.")
    ] = ""
    encoding: Annotated[str, Field(max_length=40)] = ""
    delimiter: Annotated[str, Field(max_length=3)] = ""
    sheet: Annotated[str, Field(max_length=100)] = ""


class BatchFields(TableFields):
    """What is to be drawn, whatever the rows come as."""

    template_id: Annotated[str, Field(max_length=64)]
    format: Annotated[str, Field(max_length=20)] = "png"
    destination_id: Annotated[
        str | None, Field(max_length=64, description="A bucket of yours that the files are handed over to as well.")
    ] = None


class OrderFields(BatchFields, OutputFields):
    """What is to be drawn of every row of a batch."""


class BatchesBody(OrderFields):
    """A design and its rows: at hand, at an address that is fetched, or from a query of the operator's database."""

    rows: Annotated[
        list[dict[str, Any]] | None,
        Field(min_length=1, max_length=100_000, description="Objects with a member for each variable or layer."),
    ] = None
    source: Annotated[str | None, Field(max_length=4_096, description="The http(s) address of a table.")] = None
    query: Annotated[
        str | None, Field(max_length=20_000, description="One SELECT; takes an API key with the scope admin.")
    ] = None


@dataclass(slots=True)
class BatchOrder:
    """What a request asks for. `identity` is the same for every repetition of the request."""

    fields: OrderFields
    format: str
    source: Source
    identity: bytes
    _service: Service
    _table: StoredTable | None

    @property
    def template_id(self) -> str:
        """The first design."""
        return self.fields.template_id

    @property
    def template_ids(self) -> tuple[str, ...]:
        """All designs, each once."""
        return tuple(dict.fromkeys([self.template_id, *(self.fields.template_ids or ())]))

    async def check_against(self, designs: Sequence[Design]) -> tuple[Wanted, ...]:
        """What every row becomes; refuse what does not fit the designs.

        Raises RowProblem `mapping_target_unknown`, `templates_apart`, `outputs_too_many`, TemplateProblem
        `size_unknown`, NotFound `destination_…`, `batch_not_found`.
        """
        first = designs[0]
        if any(each.workspace != first.workspace for each in designs):
            message = "The designs of a batch belong to one workspace."
            raise RowProblem(Problem("templates_apart", message, "/templateIds"))
        await check_fields(self._service, self.fields, first)
        wanted = outputs_asked(self.fields, self.format, designs)
        base = self.fields.base_batch_id
        if base is not None:
            async with self._service.database.workspace(first.workspace) as tx:
                await batches.get(tx, base)
        self.format = wanted[0].format
        order = replace(self.source.order, outputs=wanted_text(wanted), base_batch=base)
        self.source = replace(self.source, order=order)
        return wanted

    async def move_to(self, workspace: str) -> None:
        """Put the table among the objects of the workspace that the design lies in."""
        if self._table is not None:
            self._table = await move_table(self._service, workspace, self._table)
            self.source = replace(self.source, key=self._table.key)

    async def drop(self) -> None:
        """Remove the table: no batch will read it."""
        if self._table is not None:
            table, self._table = self._table, None
            await drop_table(self._service, table)


@asynccontextmanager
async def reading_order(request: Request, who: Caller) -> AsyncIterator[BatchOrder]:
    """The order in a request's body, its table stored; it is removed again where the block raises.

    Raises as `read_model` and `read_form`, StorageProblem, RowProblem `table_format_unknown`, `source_missing`,
    RenderProblem `format_unknown`, TemplateProblem `name_pattern_invalid`.
    """
    service = service_of(request)
    if request.headers.get("content-type", "").lower().startswith("multipart/"):
        order = await _from_form(request, service, who)
    else:
        order = await _from_json(request, service, who)
    try:
        yield order
    except BaseException:
        await order.drop()
        raise


async def _from_json(request: Request, service: Service, who: Caller) -> BatchOrder:
    body = await read_model(request, BatchesBody, MAX_JSON)
    format_ = checked_fields(body)
    if sum(each is not None for each in (body.rows, body.source, body.query)) != 1:
        message = "A batch takes one of rows, source and query, or a file as multipart/form-data."
        raise RowProblem(Problem("source_missing", message))
    if body.rows is not None:
        lines = b"\n".join(orjson.dumps(row) for row in body.rows)
        table = await store_table(service, who.workspace, "ndjson", lines, len(lines))
        return _order(service, body, format_, "rows", table)
    if body.query is not None:
        require_query(service, who)
        return _order(service, body, format_, "query", None, query=body.query)
    assert body.source is not None
    check_address(service, body.source)
    return _order(service, body, format_, body.source, None, address=body.source)


async def _from_form(request: Request, service: Service, who: Caller) -> BatchOrder:
    async def take(filename: str, fields: Mapping[str, str], data: AsyncIterator[bytes]) -> StoredTable:
        extension = filename.rpartition(".")[2].lower()
        if extension not in FORMATS:
            known = ", .".join(FORMATS)
            raise RowProblem(
                Problem(
                    "table_format_unknown",
                    f"The file's name {filename[:60]!r} does not tell its format.",
                    "/file",
                    f"Let it end in one of .{known}.",
                )
            )
        return await store_table(service, who.workspace, FORMATS[extension], data)

    form: StreamedForm[StoredTable] = await read_form(request, MAX_SOURCE, take)
    try:
        fields = checked(OrderFields, structured(OrderFields, form.fields))
        format_ = checked_fields(fields)
        if form.taken is None:
            message = "The body has no part `file` with a file name."
            raise RowProblem(Problem("upload_invalid", message, "/file"))
        return _order(service, fields, format_, form.filename, form.taken)
    except BaseException:
        if form.taken is not None:
            await drop_table(service, form.taken)
        raise


def structured(model: type[Body], fields: Mapping[str, str]) -> dict[str, Any]:
    """Fields of a form as JSON values: what the model does not take as text is read as JSON."""
    texts = {each.alias or name for name, each in model.model_fields.items() if each.annotation in (str, str | None)}
    values: dict[str, Any] = {}
    for name, text in fields.items():
        values[name] = text
        if name not in texts:
            try:
                values[name] = orjson.loads(text)
            except orjson.JSONDecodeError:
                continue  # the model says what it takes
    return values


async def check_fields(service: Service, fields: BatchFields, design: Design) -> None:
    """Refuse what does not fit the design. Raises RowProblem `mapping_target_unknown`, NotFound `destination_…`."""
    if isinstance(fields.mapping, dict):
        check_mapping(design.template, fields.mapping)
    if fields.destination_id is not None:
        async with service.database.workspace(design.workspace) as tx:
            await destinations.get(tx, fields.destination_id)


def require_query(service: Service, who: Caller) -> None:
    """Refuse a query of the operator's database by anybody but an administrator. Raises Refused, RowProblem."""
    if "admin" not in who.key.scopes:
        raise Refused("insufficient_scope", "A query needs an API key with the scope admin.")
    if not service.settings.source_database_url:
        hint = "The operator sets TIRAGE_SOURCE_DATABASE_URL to a database that may be read."
        message = "This installation has no database for queries."
        raise RowProblem(Problem("query_unavailable", message, "/query", hint))


def check_address(service: Service, address: str) -> None:
    """Refuse an address that will never be fetched from. Raises ResourceProblem."""
    service.fetcher.policy.check_url(parse_url(address, max_chars=LIMITS.max_url_chars))


def _order(
    service: Service,
    fields: OrderFields,
    format_: str,
    name: str,
    table: StoredTable | None,
    *,
    address: str = "",
    query: str = "",
) -> BatchOrder:
    said = fields.model_dump(by_alias=True, exclude={"rows"})
    identity = [said, name, table.sha256 if table else ""]
    order = order_of(fields, address=address, query=query)
    mark = hashlib.sha256(orjson.dumps(identity, option=orjson.OPT_SORT_KEYS)).digest()
    return BatchOrder(fields, format_, Source(name, table.key if table else "", order), mark, service, table)


def order_of(fields: BatchFields, *, address: str = "", query: str = "") -> TableOrder:
    """How the table is read, as it is kept."""
    return TableOrder(
        naming=fields.naming,
        mapping=orjson.dumps(fields.mapping).decode(),
        encoding=fields.encoding,
        delimiter=fields.delimiter,
        sheet=fields.sheet,
        source_url=address,
        source_query=query,
        destination=fields.destination_id,
    )


def checked_fields(fields: BatchFields) -> str:
    """The name of the format, after what can be known before the table is read was looked at."""
    if fields.naming:
        FileNamer(fields.naming, "")
    return formats.get(fields.format).name
