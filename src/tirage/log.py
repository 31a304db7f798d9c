"""Structured logs, one line an event: JSON or console, request ids, and a redactor that everything passes through.

Importing this module is cheap; the logging library is loaded when the logs are set up.
"""

from __future__ import annotations

import json
import logging
import re
import secrets
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import fields, is_dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Literal, TextIO

if TYPE_CHECKING:
    from structlog.stdlib import BoundLogger

REDACTED = "[redacted]"
NOT_LOGGED = "[not logged]"
LONGEST = 8000
"""Code points of one value in a line."""
_READ = 16_000
_DEEPEST = 10

Form = Literal["json", "console"]

# ---------------------------------------------------------------- the redactor

_SECRET_NAMES = (
    r"authorization|cookies?|passw(?:or)?d|pwd|passphrase|secrets?|tokens?|sig|signature|credentials?|sessions?|"
    r"session_?id|api_?key|access_?key|private_?key|secret_?key|link_?key|dsn|conninfo"
)
_SECRET_FIELD = re.compile(rf"(?:^|_)(?:{_SECRET_NAMES})(?:_|$)")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Every repetition is bounded or cannot begin twice at one place, so that hostile text costs linear time.
_PATTERNS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----[^-]*(?:-----END [A-Z ]{0,30}-----)?"), REDACTED),
    (re.compile(r"data:[\w.+/-]{0,60}[;,][^\s\"'<>]*"), "data:" + REDACTED),
    # Headers, as they stand in messages and in representations of mappings.
    (
        re.compile(
            r"(?i)((?:authorization|cookie|x-api-key)[\"'\\]{0,40}[ \t]{0,3}[:=,][ \t]{0,3}b?[\"'\\]{0,40})[^\r\n\"']+"
        ),
        r"\1" + REDACTED,
    ),
    (re.compile(r"(?i)\b(bearer|basic)[ \t]{1,3}[^\s,;\"'<>]{6,}"), r"\1 " + REDACTED),
    # User and password of addresses, whole or escaped, with a scheme or without one.
    (re.compile(r"://[^\s/?#\"'<>]*@"), f"://{REDACTED}@"),
    (re.compile(r"(?i)(%3a%2f%2f)[^\s\"'<>&/]{0,300}?%40"), r"\1" + REDACTED + "%40"),
    (re.compile(r"(?<![^\s\"'(<=])[^\s:@/\"'<>=(]{1,64}:[^\s:@/\"'<>]{1,128}@"), REDACTED + "@"),
    # name=value and "name": "value" of what is called a secret, in JSON within JSON too.
    (
        re.compile(
            rf"(?i)((?:{_SECRET_NAMES})[\"'\\]{{0,40}}[ \t]{{0,3}}[:=][ \t]{{0,3}}b?)(?!\[redacted\])"
            r"(?:\\{0,40}\"[^\"]*\"?|\\{0,40}'[^']*'?|[^\s,;&)}\]\"'\\]+)"
        ),
        r"\1" + REDACTED,
    ),
    # What says by itself that it is a secret: our keys and sessions, webhook secrets, keys of AWS, signed tokens.
    (re.compile(r"(?i)tir_[a-z]{2,12}_[\w-]+"), REDACTED),
    (re.compile(r"(?i)whsec_[\w+/=%-]+"), REDACTED),
    (re.compile(r"\b(?:AKIA|ASIA)[0-9A-Z]{12,}"), REDACTED),
    (re.compile(r"\beyJ[\w-]{4,}\.[\w-]+\.[\w-]*"), REDACTED),
    (re.compile(r"__(?:Host|Secure)-[\w-]+=[^\s;,\"']*"), REDACTED),
)
# A query follows anything but a space: `/links/000d61e4f7.png?params=…` as well as a whole address.
_QUERY = re.compile(r"(?<=[^\s?\"'<>])\?([^\s\"'<>]+)")
_FRAGMENT = re.compile(r"(?<=[^\s#\"'<>])#[^\s\"'<>#]*=[^\s\"'<>#]*")
_NAME = re.compile(r"[A-Za-z][\w.~-]{0,31}")


_BARE = re.compile(r"[0-9a-f.:TZ+-]{1,40}")
"""Moments and ids: no pattern above finds anything in such a text."""
_CLEAN: set[str] = set()
"""Short texts that were found to hold nothing, such as the names of events and routes."""
_CLEAN_LENGTH, _MOST_CLEAN = 64, 2_000


def redact_text(text: str) -> str:
    """The text without keys, tokens, credentials, user and password of addresses, and the values of their queries."""
    if text in _CLEAN or _BARE.fullmatch(text):
        return text
    redacted = _redacted_text(text)
    if len(text) <= _CLEAN_LENGTH and redacted == text:
        if len(_CLEAN) >= _MOST_CLEAN:
            _CLEAN.clear()
        _CLEAN.add(text)
    return redacted


def _redacted_text(text: str) -> str:
    if len(text) > _READ:
        # Cut where no secret can stand across the cut.
        cut = max(text.rfind(space, 0, _READ) for space in (" ", "\n"))
        text = f"{text[:cut]} …" if cut > 0 else NOT_LOGGED
    # Queries come first: what is taken out below must not end them before their end.
    text = _QUERY.sub(_without_values, text)
    text = _FRAGMENT.sub("#" + REDACTED, text)
    for pattern, replacement in _PATTERNS:
        text = pattern.sub(replacement, text)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _without_values(found: re.Match[str]) -> str:
    pieces = []
    for piece in found[1].split("&"):
        name, equals, _ = piece.partition("=")
        pieces.append(f"{name}={REDACTED}" if equals and _NAME.fullmatch(name) else REDACTED)
    return "?" + "&".join(pieces)


def redact(value: Any, name: str = "", depth: int = 0) -> Any:
    """The value as JSON can hold it, without secrets at any depth; `name` is what it is called.

    What a name calls a secret is taken out whole; numbers and truth values of other names stay.
    """
    if value is None or isinstance(value, bool):
        return value
    if name and (_calls_secret if len(name) <= _CLEAN_LENGTH else _calls_secret.__wrapped__)(name):
        return REDACTED
    if isinstance(value, (int, float)):
        return value
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, (bytes, bytearray, memoryview)):
        return redact_text(bytes(value).decode("utf-8", "replace"))
    if depth >= _DEEPEST:
        return NOT_LOGGED
    if isinstance(value, Mapping):
        return {redact_text(_said(key)): redact(each, _said(key), depth + 1) for key, each in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        return {each.name: redact(getattr(value, each.name, None), each.name, depth + 1) for each in fields(value)}
    if isinstance(value, BaseException):
        return redact_text(f"{type(value).__name__}: {value}")
    if isinstance(value, (list, tuple, set, frozenset)):
        return _sequence(value, depth)
    return redact_text(repr(value))


@lru_cache(maxsize=1_000)
def _calls_secret(name: str) -> bool:
    """Whether a name says that what it names is a secret."""
    return _SECRET_FIELD.search(_HUMP.sub("_", name).lower().replace("-", "_").replace(" ", "_")) is not None


def _said(key: object) -> str:
    return key if isinstance(key, str) else key.decode("utf-8", "replace") if isinstance(key, bytes) else repr(key)


def _sequence(values: Iterable[Any], depth: int) -> list[Any]:
    kept = [*values]
    # ("authorization", "…"): a header as the servers hand it on, its name beside its value.
    if len(kept) == 2 and isinstance(kept[0], (str, bytes)) and isinstance(kept[1], (str, bytes)):
        return [redact(kept[0]), redact(kept[1], _said(kept[0]), depth + 1)]
    return [redact(each, "", depth + 1) for each in kept]


# ---------------------------------------------------------------- request ids

request_id: ContextVar[str] = ContextVar("request_id", default="")
"""The id of the request, or of the job, that this code runs for; empty outside of one."""
_ACCEPTED = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,63}")


def new_request_id() -> str:
    """A fresh id of 20 hex characters."""
    return secrets.token_hex(10)


def accepted_request_id(given: str | None) -> str:
    """The id that a client or a proxy has sent, where it is a plain name and no secret; else a fresh one."""
    if given and _ACCEPTED.fullmatch(given) and redact_text(given) == given:
        return given
    return new_request_id()


@contextmanager
def request(given: str) -> Iterator[None]:
    """Everything logged inside, by tasks begun there too, carries this id."""
    token = request_id.set(given)
    try:
        yield
    finally:
        request_id.reset(token)


# ---------------------------------------------------------------- the way of an event

ROW_FIELDS = frozenset(
    {"body", "cell", "cells", "columns", "document", "metadata", "overrides", "params", "row", "rows", "text", "values"}
)
"""Fields that hold what people put into pictures: logged for debugging only. A count is called `row_count`."""

_Event = MutableMapping[str, Any]
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _identified(logger: Any, method: str, event: _Event) -> _Event:
    if given := request_id.get():
        event["request_id"] = given
    return event


def _without_rows(logger: Any, method: str, event: _Event) -> _Event:
    if event.get("level") != "debug":
        for name in ROW_FIELDS & event.keys():
            event[name] = NOT_LOGGED
    return event


def _redacted(logger: Any, method: str, event: _Event) -> _Event:
    # Last before the renderer: messages of other libraries and tracebacks are text by now.
    return {name: redact(value, name) for name, value in event.items()}


def _one_line(logger: Any, method: str, event: _Event) -> _Event:
    # On a console a line end in a value could pose as the next event, and an escape could colour or erase.
    for name, value in event.items():
        if isinstance(value, str) and name not in ("exception", "stack"):
            event[name] = _CONTROL.sub(lambda found: repr(found[0])[1:-1], value)
    return event


def _json(event: _Event, default: Callable[[Any], Any]) -> str:
    import orjson

    with suppress(TypeError):  # a number beyond 64 bits, or half of a surrogate pair
        line = orjson.dumps(event, default=default).decode()
        if line.isascii():
            return line
    # Escapes everything else: some of it ends lines.
    return json.dumps(event, default=default)


class _Handler(logging.StreamHandler[TextIO]):
    """Writes whole lines; whether and when they are flushed is the stream's affair."""

    def flush(self) -> None:
        """Nothing: a stream that nobody reads would be waited for."""


def configure(form: Form = "json", level: str = "info", stream: TextIO | None = None) -> None:
    """Set up the logs of this process, those of libraries included, on `stream` (standard error).

    May be called again. Each line of JSON has `timestamp` (UTC), `level`, `logger`, `event`, and `request_id` within
    a request.
    """
    import structlog
    from structlog import dev, processors, stdlib

    # What is derived here replaces fields of the same name, so that no caller can pose as another level or request.
    shared: list[Any] = [
        stdlib.add_log_level,
        stdlib.add_logger_name,
        stdlib.ExtraAdder(),
        _identified,
        processors.TimeStamper(fmt="iso", utc=True),
        processors.StackInfoRenderer(),
        _without_rows,
    ]
    out = stream or sys.stderr
    renderer: Any = (
        processors.JSONRenderer(_json)
        if form == "json"
        else dev.ConsoleRenderer(colors=out.isatty(), exception_formatter=dev.plain_traceback)
    )
    last: list[Any] = [
        stdlib.ProcessorFormatter.remove_processors_meta,
        # Plain tracebacks: no values of local variables.
        processors.format_exc_info,
        _redacted,
        *([_one_line] if form == "console" else []),
        renderer,
    ]
    structlog.configure(
        processors=[stdlib.filter_by_level, stdlib.PositionalArgumentsFormatter(), *shared,
                    stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=stdlib.LoggerFactory(),
        wrapper_class=stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )  # fmt: skip
    handler = _Handler(out)
    handler.setFormatter(stdlib.ProcessorFormatter(foreign_pre_chain=shared, processors=last))
    root = logging.getLogger()
    for old in [*root.handlers]:
        if getattr(old, "of_tirage", False):
            root.removeHandler(old)
    handler.of_tirage = True  # type: ignore[attr-defined]
    root.addHandler(handler)
    root.setLevel(level.upper())
    logging.captureWarnings(True)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        theirs = logging.getLogger(name)
        theirs.handlers.clear()
        theirs.propagate = True
    # They log a line for each request or connection, which ours say better.
    for name in ("uvicorn.access", "httpx", "httpcore", "asyncio", "psycopg.pool"):
        logging.getLogger(name).setLevel(max(logging.WARNING, root.level))


def get_logger(name: str) -> BoundLogger:
    """The logger of a module: `log.info("picture_stored", key=…, bytes=…)`, an event's name and its fields."""
    from structlog import stdlib

    logger: BoundLogger = stdlib.get_logger(name)
    return logger
