"""What a server says, as typed values; members that this version does not know are left out."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from tirage.client.errors import ApiError

State = Literal["queued", "running", "paused", "finished", "failed", "cancelled"]
RowState = Literal["pending", "done", "failed"]
ENDED: frozenset[str] = frozenset({"finished", "failed", "cancelled"})


class Model(BaseModel):
    """The base of answers: frozen, camelCase on the wire; a newer server may say more."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)

    @classmethod
    def of(cls, value: Any) -> Self:
        """From a JSON value. Raises ApiError `answer_invalid`."""
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            what = cls.__name__.lower()
            message = f"The server's answer is no {what} that this client understands; is one of both much older?"
            raise ApiError("answer_invalid", message) from error


class RowError(Model):
    """Why a row, or a whole batch, has failed."""

    code: str
    message: str
    pointer: str = ""
    hint: str = ""
    layer: str = ""


class BatchCounts(Model):
    """Rows by state; `done`, `failed` and `pending` add up to `total`."""

    total: int
    done: int
    failed: int
    pending: int


class RowFile(Model):
    """One of several files of a row, with the name that it has among those of all rows."""

    name: str
    format: str
    image_url: str
    sha256: str


class BatchRow(Model):
    """A row: its picture or its error. `name` is the file name that the batch's pattern gives it.

    Where it has several files, `pages` are the addresses of all and `files` tell them apart; `sha256` is of the first.
    """

    row: int
    state: RowState
    image_url: str | None = None
    pages: tuple[str, ...] | None = None
    files: tuple[RowFile, ...] | None = None
    sha256: str | None = None
    name: str | None = None
    error: RowError | None = None


class Batch(Model):
    """A batch. `rate` in rows per second since it began, `estimate` in seconds that remain."""

    id: str
    template_id: str
    format: str
    state: State
    counts: BatchCounts
    rate: float | None = None
    estimate: float | None = None
    created_at: datetime
    finished_at: datetime | None = None
    errors: tuple[BatchRow, ...] = ()
    error: RowError | None = None
    stages: dict[str, float] = Field(default_factory=dict)

    @property
    def ended(self) -> bool:
        """Whether nothing more happens by itself."""
        return self.state in ENDED


class PreviewColumn(Model):
    """A column and what it is probably for; `score` from 0 to 1, `how` the names are alike."""

    name: str
    target: str | None
    score: float
    how: str


class PreviewRow(Model):
    """One of the first rows: its values by the design's names, its file's name, what is wrong or worth knowing."""

    row: int
    name: str
    values: dict[str, Any]
    errors: tuple[RowError, ...] = ()
    warnings: tuple[dict[str, Any], ...] = ()


class Preview(Model):
    """A table before it is drawn. `mapping` may be given to `submit`; for `unfilled` names there is no column."""

    columns: tuple[PreviewColumn, ...]
    mapping: dict[str, str | None]
    unfilled: tuple[str, ...]
    rows: tuple[PreviewRow, ...]


class BatchPage(Model):
    """One page of batches."""

    batches: tuple[Batch, ...]
    next: str | None = None


class RowPage(Model):
    """One page of rows."""

    rows: tuple[BatchRow, ...]
    next: str | None = None


class DesignLayer(Model):
    """A layer in short; sizes are text, a number of px or a percentage."""

    type: str
    name: str
    width: str
    height: str
    text: str | None = None


class Design(Model):
    """A stored design; `version` grows by one with each document that is stored."""

    id: str
    name: str
    thumbnail: str
    date_created: datetime
    date_updated: datetime
    layers: tuple[DesignLayer, ...]
    version: int


class Warned(Model):
    """Something to know although a picture was made."""

    code: str
    message: str
    layer: str | None = None
    pointer: str | None = None


class Picture(Model):
    """A finished picture and where it is."""

    id: str
    template_id: str
    image_url: str
    thumbnail_url: str
    download_url: str
    format: str
    width: int
    height: int
    metadata: str = ""
    page_index: int | None = None
    created_at: datetime
    color: str | None = None
    palette: tuple[str, ...] = ()
    warnings: tuple[Warned, ...] = ()


class PicturePage(Model):
    """One page of pictures."""

    results: tuple[Picture, ...]
    next: str | None = None
