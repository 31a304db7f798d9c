"""Logs: one line an event, request ids, libraries' messages, and no secret in any of it."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import re
import string
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirage import log


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Leave the process's logging as it was."""
    root = logging.getLogger()
    before, level = [*root.handlers], root.level
    yield
    root.handlers[:] = before
    root.setLevel(level)
    logging.captureWarnings(False)


def lines(work: Callable[[], object], form: log.Form = "json", level: str = "debug") -> list[str]:
    """What some work logs."""
    out = io.StringIO()
    log.configure(form, level, out)
    work()
    return out.getvalue().splitlines()


def event(work: Callable[[], object]) -> dict[str, Any]:
    """The one event that some work logs."""
    (line,) = lines(work)
    found: dict[str, Any] = json.loads(line)
    return found


# ---------------------------------------------------------------- secrets

EXAMPLES = 500 if os.environ.get("TIRAGE_SOAK") else 20
ALPHABET = string.ascii_letters + string.digits
SECRETS = st.text(ALPHABET, min_size=14, max_size=40)
# Ways in which a secret stands in a text. SECRET is the part that nobody may read.
FORMS = [
    "tir_live_SECRET", "key tir_test_SECRET.", "tir_link_SECRET", "tir_session_SECRET", "/w/tir_live_SECRET/x",
    "Authorization: Bearer SECRET", "authorization=Basic SECRET", "bearer SECRET", "X-API-Key: SECRET",
    "'Authorization': 'Bearer SECRET'", '{"authorization": "Token SECRET"}', "(b'authorization', b'Bearer SECRET')",
    "Cookie: a=b; session=SECRET; c=d", "__Host-session=SECRET; Path=/", "Set-Cookie: __Host-s=SECRET",
    "whsec_SECRET", "whsec_SECRET+/==", "secret=SECRET", "webhook_secret: SECRET",
    '{"secret":"SECRET"}', "{'token': 'SECRET'}",
    "password=SECRET host=db", "PGPASSWORD=SECRET", 'password: "SECRET and more SECRET"',
    "apiKey=SECRET", "api_key: SECRET",
    "postgres://user:SECRET@db/x", "https://SECRET@host/", "https://user:SECRET@host:1/p?q=1", "https://u:a@SECRET@h/",
    "https%3A%2F%2Fuser%3ASECRET%40host%2Fpath", "root:SECRET@db.internal",
    "https://h/p?a=SECRET", "https://h/p?a=1&b=SECRET&c", "https://h/p?SECRET", "/links/000d61e4f7.png?sig=SECRET",
    "/links/000d61e4f7.png?params=a---text___SECRET%20SECRET", "https://h/?u=https://a:b@c/?x=SECRET",
    "https://h/#token=SECRET",
    "GET /x?y=SECRET HTTP/1.1", "AKIA0123456789ABCDEF?a=SECRET", "eyJhbGciOi.SECRET.SECRET",
    "data:image/png;base64,SECRET",
    "-----BEGIN PRIVATE KEY-----\nSECRET\n-----END PRIVATE KEY-----", "session_id=SECRET", "dsn='SECRET x SECRET'",
]  # fmt: skip
NAMES = [
    "authorization", "Authorization", "x-api-key", "X-API-Key", "cookie", "set-cookie", "password", "secret",
    "webhook_secret",
    "clientSecret", "token", "accessToken", "session", "session_id", "sessionId", "sig", "signature", "api_key",
    "apiKey", "link_key", "private_key", "credentials",
]  # fmt: skip


@dataclass(frozen=True)
class Holder:
    """Something of the program's that is logged as a whole."""

    inner: Any
    password: str = field(default="", repr=True)


class Foreign:
    """Something whose representation tells."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __repr__(self) -> str:
        return f"<Foreign {self.inner!r}>"


NESTINGS: dict[str, Callable[[Any], Any]] = {
    "list": lambda value: ["x", value, 1],
    "tuple": lambda value: ("name", value),
    "set": lambda value: {value} if isinstance(value, (str, bytes)) else [value],
    "mapping": lambda value: {"a": {"b": value}},
    "key": lambda value: {value: 1} if isinstance(value, (str, bytes)) else {"k": value},
    "bytes": lambda value: value.encode() if isinstance(value, str) else [value],
    "json": lambda value: json.dumps(value) if isinstance(value, str) else {"j": value},
    "exception": lambda value: ValueError(value),
    "dataclass": lambda value: Holder(value),
    "foreign": lambda value: Foreign(value),
    "text": lambda value: f"before {value} after" if isinstance(value, str) else value,
}


@pytest.mark.check(143)
@pytest.mark.parametrize("text", FORMS)
@settings(max_examples=EXAMPLES)
@given(secret=SECRETS, nest=st.lists(st.sampled_from(sorted(NESTINGS)), max_size=4))
def test_no_secret_survives_any_nesting(text: str, secret: str, nest: list[str]) -> None:
    """However a secret stands in a text, and however deep that lies, it is not in what is written."""
    value: Any = text.replace("SECRET", secret)
    for name in nest:
        value = NESTINGS[name](value)
    assert secret not in json.dumps(log.redact(value), ensure_ascii=False)


@pytest.mark.check(143)
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=EXAMPLES)
@given(
    secret=st.text(min_size=8).filter(lambda text: text not in log.REDACTED),
    how=st.sampled_from(["text", "list", "bytes", "pair"]),
)
def test_what_a_name_calls_secret_is_gone(name: str, secret: str, how: str) -> None:
    """A field whose name says that it is a secret is taken out whole, whatever it looks like."""
    value: Any = {"list": [secret], "bytes": secret.encode("utf-8", "surrogatepass")}.get(how, secret)
    held: Any = (
        [(name.encode(), secret.encode("utf-8", "surrogatepass"))] if how == "pair" else {"deep": [{name: value}]}
    )
    written = log.redact(held)
    leaves = written[0][1] if how == "pair" else written["deep"][0][name]
    assert leaves == log.REDACTED


@pytest.mark.check(143)
@pytest.mark.parametrize("form", ["json", "console"])
def test_no_secret_is_written(form: log.Form) -> None:
    """Through the whole chain: fields, messages, other libraries' messages, exceptions with their causes, warnings."""

    def work() -> None:
        logger = log.get_logger("tirage.test")
        for text in FORMS:
            bare = text.replace("SECRET", "0Secret0Secret0")
            logger.info("event", detail=bare, more={"deep": [bare]})
            logger.info(bare)
            logger.info("formatted %s", bare)
            logging.getLogger("other").warning("told %s", bare, extra={"given": bare})
            try:
                try:
                    raise KeyError(bare)
                except KeyError as cause:
                    password = bare
                    raise RuntimeError(f"because of {password}") from cause
            except RuntimeError:
                logger.exception("failed")
                logging.getLogger("other").exception("failed too")

    written = "\n".join(lines(work, form))
    assert "0Secret0Secret0" not in written
    assert written.count("failed") >= 2 * len(FORMS) and "RuntimeError: because of" in written


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("https://user:pw@example.com/a/b.png", "https://[redacted]@example.com/a/b.png"),
        ("/links/000d61e4f7.png?params=a&sig=b", "/links/000d61e4f7.png?params=[redacted]&sig=[redacted]"),
        ("https://example.com/photo@2x.png", "https://example.com/photo@2x.png"),
        ("see https://example.com/docs#errors now", "see https://example.com/docs#errors now"),
        ("Is it so? Yes: 12:30, a=b", "Is it so? Yes: 12:30, a=b"),
        ("w1/images/d12fb6f526/e26ca071c7.png", "w1/images/d12fb6f526/e26ca071c7.png"),
        (
            "TIRAGE_WORKERS is 'two', but it takes a whole number.",
            "TIRAGE_WORKERS is 'two', but it takes a whole number.",
        ),
        ("Bearer tir_live_abc", "Bearer [redacted]"),
        ("password=x, user=y", "password=[redacted], user=y"),
    ],
)
def test_what_is_no_secret_stays(text: str, expected: str) -> None:
    """A line stays useful: hosts, paths, names of parameters and ordinary sentences are left as they are."""
    assert log.redact_text(text) == expected


def test_values_keep_their_kinds() -> None:
    """Numbers, truth values and nothing stay themselves; the number of tokens is no token."""
    assert log.redact({"bytes": 3, "ms": 0.5, "ok": True, "none": None}) == {
        "bytes": 3,
        "ms": 0.5,
        "ok": True,
        "none": None,
    }
    assert log.redact({"key": "w1/a.png", "keys": 3, "monkey": "m", "design": "d", "signal": 9}) == {
        "key": "w1/a.png", "keys": 3, "monkey": "m", "design": "d", "signal": 9,
    }  # fmt: skip


@given(
    st.recursive(
        st.text() | st.binary() | st.none() | st.floats(),
        lambda kids: st.lists(kids) | st.dictionaries(st.text(), kids),
    )
)
def test_anything_can_be_redacted(value: Any) -> None:
    """Any value becomes something that JSON holds, and doing it twice changes nothing more."""
    once = log.redact(value)
    json.dumps(once)
    assert json.dumps(log.redact(once)) == json.dumps(once)


def test_cycles_and_depth_end() -> None:
    """A value that holds itself is cut off."""
    loop: list[Any] = []
    loop.append(loop)
    assert log.NOT_LOGGED in json.dumps(log.redact(loop))


def test_long_texts_are_cut() -> None:
    """A long value is cut, never in the middle of a secret that would then be unrecognisable."""
    filler = "word " * 3195
    for shift in range(0, 60, 7):
        text = log.redact_text(filler + " " * shift + "tir_live_abcdefghijklmnopqrstuvwxyz0123456789 end")
        assert "abcdef" not in text and len(text) <= log.LONGEST + 1
    assert log.redact_text("x" * 20_000) == log.NOT_LOGGED


# ---------------------------------------------------------------- events


def test_an_event() -> None:
    """Time in UTC, level, logger, name and fields, in one line of JSON."""
    found = event(lambda: log.get_logger("tirage.api").info("picture_stored", bytes=12, key="w1/a.png"))
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", found.pop("timestamp"))
    assert found == {"event": "picture_stored", "level": "info", "logger": "tirage.api", "bytes": 12, "key": "w1/a.png"}


def test_request_ids() -> None:
    """Everything logged for a request carries its id, in tasks of it too; side by side they are not mixed."""

    async def answer(given: str) -> None:
        with log.request(given):
            await asyncio.sleep(0)
            await asyncio.create_task(inner(given))

    async def inner(given: str) -> None:
        await asyncio.sleep(0)
        log.get_logger("t").info("inside", given=given, request_id="forged")
        logging.getLogger("library").warning("theirs")

    async def both() -> None:
        await asyncio.gather(answer("request-one"), answer("request-two"))
        log.get_logger("t").info("outside")

    found = [json.loads(line) for line in lines(lambda: asyncio.run(both()))]
    assert {each["given"]: each["request_id"] for each in found if "given" in each} == {
        "request-one": "request-one",
        "request-two": "request-two",
    }
    assert sorted(each["request_id"] for each in found if each["event"] == "theirs") == ["request-one", "request-two"]
    assert "request_id" not in found[-1]


@pytest.mark.parametrize(
    "given",
    [None, "", "short", "x" * 65, "with space1", "a\nforged line", "../../etc1", "tir_live_0123456789", "ünïcode-id"],
)
def test_request_ids_that_are_not_taken(given: str | None) -> None:
    """What a client sends is taken only if it is a plain name; else the request gets an id of ours."""
    assert re.fullmatch("[0-9a-f]{20}", log.accepted_request_id(given))


def test_request_ids_that_are_taken() -> None:
    """An id of a proxy is kept."""
    for sent in ("0f8fad5b-d9cb-469f-a165-70867728950e", "req.12345678"):
        assert log.accepted_request_id(sent) == sent


def test_rows_are_for_debugging_only() -> None:
    """What people put into pictures is in no line above the level debug; how much of it there was may be."""

    def work() -> None:
        logger = log.get_logger("t")
        for tell in (logger.debug, logger.info, logger.warning, logger.error):
            tell("row_failed", row={"name": "Ann"}, params="Ann", text="Ann", row_count=3)

    debug, *others = [json.loads(line) for line in lines(work)]
    assert debug["row"] == {"name": "Ann"}
    assert len(others) == 3
    for each in others:
        assert "Ann" not in json.dumps(each) and each["row_count"] == 3


def test_levels() -> None:
    """Below the level nothing is written; a field cannot pose as the level."""

    def work() -> None:
        log.get_logger("t").info("quiet")
        log.get_logger("t").warning("loud", level="critical")
        logging.getLogger("uvicorn.access").info("127.0.0.1 GET /")
        logging.getLogger("uvicorn.error").warning("slow")

    found = [json.loads(line) for line in lines(work, level="warning")]
    assert [(each["event"], each["level"]) for each in found] == [("loud", "warning"), ("slow", "warning")]


def test_setting_up_twice_writes_once() -> None:
    """The newest stream gets every line, and gets it once."""
    first = io.StringIO()
    log.configure("json", "info", first)
    assert len(lines(lambda: log.get_logger("t").info("one"))) == 1
    assert first.getvalue() == ""


@pytest.mark.parametrize("form", ["json", "console"])
def test_values_cannot_forge_lines(form: log.Form) -> None:
    """Line ends and escapes in messages and values stay within their event's line."""
    nasty = "a\n2026-01-01 [info] forged\r\x1b[2Jb\u2028c"

    def work() -> None:
        log.get_logger("t").info(nasty, value=nasty)
        logging.getLogger("other").warning(nasty)

    written = lines(work, form)
    assert len(written) == 2
    assert not any("\x1b" in line or "\r" in line for line in written)


def test_importing_is_cheap() -> None:
    """Nothing of the logging library is loaded by importing the module."""
    code = "import sys, tirage.log; print([name for name in sys.modules if name.startswith(('structlog', 'rich'))])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
