"""`tirage serve` as a person runs it: start, the printed call, a second key, Ctrl-C, a kill, and starting again."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import signal
import ssl
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil  # type: ignore[import-untyped]
import pytest
from tests.harness.collector import Collector
from tests.harness.serving import command, left_running, serving

from tirage.ids import new_key, verify_key_format


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that the database's account can be let into."""
    made = Path(tempfile.mkdtemp(prefix="tirage-serve-"))
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.check(142)
def test_the_first_start_the_printed_call_and_the_end(folder: Path) -> None:
    """Everything that a newcomer sees works when pasted; Ctrl-C ends all of it, and the next start has the pictures."""
    with serving(folder) as first:
        assert first.key is not None and verify_key_format(first.key)
        call = shlex.split(first.said[first.said.index("curl ") :].partition("\nCtrl-C")[0])
        target = next(word for word in call if word.startswith("http"))
        headers = dict(word.split(": ", 1) for word in call if ": " in word and not word.startswith("{"))
        answer = httpx.post(target, content=call[-1], headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        picture = answer.json()["imageUrl"]
        assert httpx.get(picture).content.startswith(b"\x89PNG")

        made = command("keys", "create", "another", "--data-dir", str(folder), "--scopes", "render")
        assert made.returncode == 0 and verify_key_format(made.stdout.strip()) and made.stdout.count("\n") == 1
        assert httpx.post(
            target, content=call[-1], headers={**headers, "Authorization": f"Bearer {made.stdout.strip()}"}
        ).is_success

        listed = command("keys", "list", "--json", "--data-dir", str(folder))
        (another, shown) = json.loads(listed.stdout)
        assert (another["name"], another["scopes"], shown["name"]) == ("another", ["render"], "first key")
        assert shown["lastUsedAt"] and first.key[-4:] == shown["ending"] and first.key not in listed.stdout
        assert "another  (render), used" in command("keys", "list", "--data-dir", str(folder)).stdout
        ended = command("keys", "revoke", another["id"], "--data-dir", str(folder))
        assert (ended.returncode, ended.stdout) == (0, "")
        assert command("keys", "revoke", "0123456789", "--data-dir", str(folder)).returncode == 2
        revoked = time.monotonic() + 5
        refused = {**headers, "Authorization": f"Bearer {made.stdout.strip()}"}
        while httpx.post(target, content=call[-1], headers=refused, timeout=60).is_success:
            assert time.monotonic() < revoked

        second = command("serve", "--port", "0", "--data-dir", str(folder))
        assert second.returncode == 2 and str(first.process.pid) in second.stderr

        first.process.send_signal(signal.SIGINT)
        assert first.process.wait(40) == 0
    assert left_running(folder) == []
    with serving(folder) as again:
        assert again.key is None and "tir_live_" not in again.said
        path = picture.partition("/images/")[2]
        assert httpx.get(f"{again.base}/images/{path}").status_code == 200
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(40) == 0
    assert left_running(folder) == []


def test_after_a_kill_the_next_start_takes_over(folder: Path) -> None:
    """The database that was left running is adopted, the drawing processes are gone by themselves.

    The second start has a collector of traces: the stages of a request reach it under the caller's trace, without
    addresses.
    """
    with serving(folder, TIRAGE_BOOTSTRAP_KEY=(chosen := new_key().text)) as killed:
        assert chosen not in killed.said and killed.key is None
        children = psutil.Process(killed.process.pid).children(recursive=True)
        killed.process.kill()
        killed.process.wait(10)
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline and any(each.is_running() and "postgres" not in each.name() for each in children):
        time.sleep(0.1)
    with Collector() as collector, serving(folder, OTEL_EXPORTER_OTLP_ENDPOINT=collector.url) as again:
        headers = {"x-api-key": chosen}
        assert httpx.get(f"{again.base}/readyz").json()["status"] == "ok"
        (design, *_) = httpx.get(f"{again.base}/templates?secret=topsecret", headers=headers).json()
        sender = {**headers, "traceparent": f"00-{'ab' * 16}-{'cd' * 8}-01"}
        assert httpx.post(f"{again.base}/designs/{design['id']}", json={}, headers=sender, timeout=60).is_success
        again.process.send_signal(signal.SIGTERM)
        assert again.process.wait(40) == 0
        of_request = [name for name, trace in collector.spans() if trace == "ab" * 16]
        assert {"POST /designs/{uid}", "read row", "draw", "keep pictures"} <= set(of_request)
        assert not any(b"topsecret" in body or design["id"].encode() in body for body in collector.bodies)
        assert any(b"service.name" in body and b"tirage" in body for body in collector.bodies)
    assert left_running(folder) == []


def test_batches_are_drawn_without_another_command(folder: Path) -> None:
    """The service runs a worker, starts another when it is killed, and takes it along when it is killed itself."""
    with serving(folder, TIRAGE_BATCH_WORKERS="1") as running:
        process = psutil.Process(running.process.pid)
        with httpx.Client(base_url=running.base, headers={"x-api-key": running.key or ""}, timeout=30) as client:
            quote = next(each["id"] for each in client.get("/templates").json() if each["name"] == "Quote")
            assert drawn(client, quote) == 2
            first = _worker(process)
            assert first is not None
            first.kill()
            assert drawn(client, quote) == 2
        second = _worker(process)
        assert second is not None and second != first
        running.process.kill()
        running.process.wait(10)
        second.wait(30)
    with serving(folder):
        pass
    assert left_running(folder) == []


def drawn(client: httpx.Client, template: str) -> int:
    """How many rows of a new batch of two are drawn."""
    made = client.post("/batches", json={"templateId": template, "rows": [{"quote": "One"}, {"quote": "Two"}]})
    assert made.status_code == 202, made.text
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        batch = client.get(f"/batches/{made.json()['id']}").json()
        if batch["state"] == "finished":
            return int(batch["counts"]["done"])
        time.sleep(0.1)
    raise AssertionError(batch)


def _worker(service: psutil.Process) -> psutil.Process | None:
    return next((each for each in service.children() if "--beside" in each.cmdline()), None)


def test_https_with_a_certificate_made_now(folder: Path) -> None:
    """`--tls self-signed` serves HTTPS; addresses say so, and browsers are told to stay with it."""
    with serving(folder, "--tls", "self-signed") as running:
        assert running.base.startswith("https://127.0.0.1:")
        context = ssl.create_default_context(cafile=str(folder / "tls" / "certificate.pem"))
        answer = httpx.get(f"{running.base}/livez", verify=context)
        assert answer.status_code == 200 and "max-age" in answer.headers["strict-transport-security"]
        assert (folder / "tls" / "key.pem").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize(
    ("arguments", "environment", "code"),
    [
        ((), {"TIRAGE_BOOTSTRAP_KEY": "tir_live_short"}, "TIRAGE_BOOTSTRAP_KEY"),
        ((), {"TIRAGE_DATABASE_URL": "mysql://x"}, "TIRAGE_DATABASE_URL"),
        (("--tls-cert", "/nowhere.pem"), {}, "--tls-cert"),
        (("--workers", "0x"), {}, "--workers"),
    ],
)
def test_what_is_wrong_is_told(
    folder: Path, arguments: tuple[str, ...], environment: dict[str, str], code: str
) -> None:
    """A wrong setting ends the start with 2 and names it; nothing is left running."""
    ended = command("serve", "--port", "0", "--data-dir", str(folder), *arguments, **environment)
    assert ended.returncode == 2 and code in ended.stderr and "Traceback" not in ended.stderr
    assert left_running(folder) == []


def test_the_database_is_migrated_by_hand(folder: Path) -> None:
    """Once; a second run has nothing to do, a dry run makes nothing, and a key needs a workspace."""
    planned = command("db", "migrate", "--dry-run", "--data-dir", str(folder / "none"))
    assert planned.returncode == 0 and "to apply  0001" in planned.stdout and not (folder / "none").exists()
    assert "applied  0001" in command("db", "migrate", "--data-dir", str(folder)).stdout
    again = command("db", "migrate", "--dry-run", "--data-dir", str(folder))
    assert again.stdout == "" and "up to date" in again.stderr
    empty = command("keys", "create", "x", "--data-dir", str(folder))
    assert empty.returncode == 2 and "tirage serve" in empty.stderr


def test_config_tells_where_a_value_comes_from(tmp_path: Path) -> None:
    """Environment wins over the file, that over the default; secrets stay hidden; a misspelt name is told."""
    file = tmp_path / "tirage.toml"
    file.write_text('port = 9000\nworkers = 3\ndatabase_url = "postgresql://u:topsecret@h/d"\n')
    told = command("config", TIRAGE_CONFIG=str(file), TIRAGE_WORKERS="2").stdout
    assert re.search(r"TIRAGE_WORKERS +2 processes +\(environment\)", told)
    assert re.search(r"TIRAGE_PORT +9000 +\(file\)", told) and re.search(
        r"TIRAGE_HOST +127\.0\.0\.1 +\(default\)", told
    )
    assert "topsecret" not in told and "(hidden)" in told
    file.write_text("prot = 1\n")
    wrong = command("config", TIRAGE_CONFIG=str(file))
    assert wrong.returncode == 2 and "Did you mean port?" in wrong.stderr
