"""Several processes on one database and one store: the files that start them are valid, and what they start works."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx
import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose
from tests.blobs.servers import moto, send
from tests.harness.chart import ChartError, render

from tirage.client import Client
from tirage.db.embedded import EmbeddedServer
from tirage.ids import new_key
from tirage.settings import SETTINGS

ROOT = Path(__file__).resolve().parent.parent
CHART = ROOT / "deploy" / "helm" / "tirage"
CLUSTER = ROOT / "compose.cluster.yaml"
KUBERNETES = "1.34"
SECRET = "c2VjcmV0IHNlY3JldCBzZWNyZXQgc2VjcmV0IHNlY3I="
NEEDED: dict[str, Any] = {"secret": SECRET, "secretAccessKey": "store", "database": {"password": "base"}}


@pytest.mark.parametrize("name", ["compose.yaml", "compose.cluster.yaml"])
def test_the_compose_files_are_valid(name: str) -> None:
    """By the Compose specification: every member, duration, volume and name that is referred to."""
    text = (ROOT / name).read_text(encoding="utf-8")
    # What YAML merges is merged by its reader; the specification's knows no merge keys.
    read = PyCompose.from_json(json.dumps(yaml.safe_load(text)))
    for part in (read.validate, read.validate_configs, read.validate_networks, read.validate_secrets):
        part()
    for service in yaml.safe_load(text)["services"].values():
        named = {each.partition(":")[0] for each in service.get("volumes", ()) if ":" in each}
        assert named <= set(read.volumes or ())
    with pytest.raises(ValueError, match="imagee"):
        PyCompose.from_json('{"services": {"a": {"imagee": "b"}}}')
    with pytest.raises(ValueError, match="config `none`"):
        PyCompose.from_json('{"services": {"a": {"image": "b", "configs": ["none"]}}}').validate()


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"autoscaling": {"enabled": True}, "ingress": {"enabled": True, "className": "nginx", "tlsSecret": "tls"}},
        {"existingSecret": "mine", "storage": "gs://bucket/prefix", "database": {"enabled": False},
         "store": {"enabled": False}, "settings": {"TIRAGE_ALLOW_HOSTS": "pictures.internal"}},
    ],
)  # fmt: skip
def test_the_chart_gives_valid_objects(values: dict[str, Any]) -> None:
    """By the schemas of Kubernetes, with everything switched on or brought along; names and selectors agree."""
    objects = render(CHART, {**NEEDED, **values, "database": {**NEEDED["database"], **values.get("database", {})}})
    kinds = [each["kind"] for each in objects]
    assert kinds.count("Deployment") == 2 and ("ScaledObject" in kinds) == ("autoscaling" in values)
    assert kinds.count("StatefulSet") == (0 if "storage" in values else 2)
    named = {(each["kind"], each["metadata"]["name"]) for each in objects}
    assert len(named) == len(objects)
    known = {each.variable for each in SETTINGS}
    for each in objects:
        if each["kind"] != "ScaledObject":  # KEDA's own kind
            kubernetes_validate.validate(each, KUBERNETES, strict=True)
        if each["kind"] in ("Deployment", "StatefulSet"):
            pod = each["spec"]["template"]
            assert each["spec"]["selector"]["matchLabels"] == pod["metadata"]["labels"]
            for container in pod["spec"].get("initContainers", []) + pod["spec"]["containers"]:
                names = [env["name"] for env in container.get("env", [])]
                assert len(names) == len(set(names))
                assert {name for name in names if name.startswith("TIRAGE_")} <= known
    scaled = [each for each in objects if each["kind"] == "ScaledObject"]
    for each in scaled:
        assert ("Deployment", each["spec"]["scaleTargetRef"]["name"]) in named
        assert "tirage_batch_chunks" in each["spec"]["triggers"][0]["metadata"]["query"]


def test_the_chart_asks_for_its_secrets() -> None:
    """Without a secret of the installation nothing is made."""
    for missing in ("secret", "secretAccessKey"):
        with pytest.raises(ChartError, match=missing):
            render(CHART, {**NEEDED, missing: ""})


@pytest.mark.skipif(shutil.which("helm") is None, reason="needs helm")
def test_helm_gives_the_same_objects(tmp_path: Path) -> None:
    """Helm itself finds nothing to complain of, and renders what the test's reading of the chart gives."""
    (tmp_path / "values.yaml").write_text(yaml.safe_dump(NEEDED), encoding="utf-8")
    for command in (["lint", "--strict"], ["template", "demo"]):
        done = subprocess.run(
            ["helm", *command, str(CHART), "--values", str(tmp_path / "values.yaml")], capture_output=True, text=True
        )
        assert done.returncode == 0, done.stderr + done.stdout
    theirs = [each for each in yaml.safe_load_all(done.stdout) if each]

    def key(each: dict[str, Any]) -> tuple[str, str]:
        return each["kind"], each["metadata"]["name"]

    assert sorted(theirs, key=key) == sorted(render(CHART, NEEDED), key=key)


def commands() -> dict[str, list[str]]:
    """What the API's and the workers' processes are started with, in both files the same."""
    services = yaml.safe_load(CLUSTER.read_text(encoding="utf-8"))["services"]
    found = {name: services[name]["command"] for name in ("api", "worker")}
    for each in render(CHART, NEEDED):
        if each["kind"] == "Deployment":
            (container,) = each["spec"]["template"]["spec"]["containers"]
            assert container["args"] == found[container["name"]]
            assert each["spec"]["replicas"] == services[container["name"]]["deploy"]["replicas"]
    return found


@contextmanager
def started(arguments: list[str], environment: dict[str, str], ready: str) -> Iterator[subprocess.Popen[str]]:
    """A process of ours, once it has said that it is ready; ended as a container is."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tirage", *arguments], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True,
        env={**{name: each for name, each in os.environ.items() if not name.startswith("TIRAGE_")}, **environment},
    )  # fmt: skip
    assert process.stderr is not None
    said = ""
    try:
        for line in process.stderr:
            said += line
            if ready in line:
                break
        else:
            raise AssertionError(said)
        # A pipe that nobody reads would stop it in the middle of a line of its log.
        threading.Thread(target=process.stderr.read, daemon=True).start()
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(40)
        finally:
            process.kill()


@pytest.fixture(scope="module")
def outside() -> Iterator[dict[str, str]]:
    """A PostgreSQL and an S3 server of their own, and the settings of `compose.cluster.yaml` that name them."""
    folder = Path(tempfile.mkdtemp(prefix="tirage-cluster-"))
    server = EmbeddedServer(folder / "database", flush=False)
    try:
        address = server.start()
        from tirage.db.roles import prepare

        prepare(address)
        with moto() as store:
            assert send(store, "PUT", "/tirage")[0] == 200
            text = CLUSTER.read_text(encoding="utf-8")
            given = yaml.safe_load(text)["x-settings"]
            values = {"DATABASE_PASSWORD": "base", "SECRET": SECRET, "STORE_SECRET": "store"}
            settings = {
                name: re.sub(r"\$\{(\w+)[^}]*\}", lambda match: values.get(match[1], ""), each)
                for name, each in given.items()
            }
            assert settings["TIRAGE_STORAGE"].startswith("s3://tirage?") and settings["TIRAGE_SECRET"] == SECRET
            yield {
                **settings,
                "TIRAGE_STORAGE": settings["TIRAGE_STORAGE"].replace("http://store:8333", store),
                "TIRAGE_DATABASE_URL": address.application,
                "TIRAGE_DATABASE_OWNER_URL": address.owner,
                "TIRAGE_BOOTSTRAP_KEY": new_key().text,
                "TIRAGE_CACHE_SIZE": "0",
                "TIRAGE_WORKERS": "1",
                "TIRAGE_PUBLIC_URL": "",
            }
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def test_two_workers_draw_what_one_service_takes(outside: dict[str, str], tmp_path: Path) -> None:
    """The processes of the files, each with an empty folder of its own: settings are all they share, and both draw."""
    asked = commands()
    with ExitStack() as running:

        def start(name: str, ready: str, *more: str, **settings: str) -> subprocess.Popen[str]:
            folder = tmp_path / f"{name}{len(list(tmp_path.iterdir()))}"
            folder.mkdir()
            given = {**outside, "TIRAGE_DATA_DIR": str(folder), **settings}
            return running.enter_context(started([*asked[name], *more], given, ready))

        api = start("api", "Ctrl-C", "--port", "0", TIRAGE_BATCH_WORKERS="0", TIRAGE_PORT="0")
        base = _address(api)
        for _ in range(2):
            start("worker", "Carrying out", TIRAGE_PUBLIC_URL=base)
        with Client(base, outside["TIRAGE_BOOTSTRAP_KEY"]) as client:
            text = {"type": "text", "name": "title", "width": 90, "height": 40, "text": "Hello"}
            design = client.templates.create({"name": "Small", "width": 100, "height": 50, "layers": [text]})
            # Two chunks of rows, for two workers.
            made = client.batches.submit(design.id, rows=[{"title": f"Row {number}"} for number in range(260)])
            most = 0
            while not (state := client.batches.get(made.id)).ended:
                figures = httpx.get(f"{base}/metrics").text
                drawn = re.search(r'tirage_batch_chunks\{state="running"\} (\d)', figures)
                most = max(most, int(drawn[1]) if drawn else 0)
            assert (state.state, state.counts.done, state.counts.failed) == ("finished", 260, 0) and most == 2
            saved = list(client.batches.download(made.id, tmp_path / "out"))
            assert len({each.path for each in saved}) == 260 and all(each.fetched for each in saved)
            listed = httpx.get(outside["TIRAGE_STORAGE"].partition("endpoint=")[2].partition("&")[0] + "/tirage").text
            assert "<Key>" in listed


def _address(process: subprocess.Popen[str]) -> str:
    """Where the service listens: the port that its process has open."""
    import psutil  # type: ignore[import-untyped]

    until = time.monotonic() + 20
    while time.monotonic() < until:
        for each in psutil.Process(process.pid).net_connections("tcp"):
            if each.status == psutil.CONN_LISTEN:
                return f"http://127.0.0.1:{each.laddr.port}"
        time.sleep(0.05)
    raise AssertionError("the service does not listen")
