"""Files and data URLs: what is read, from where, and how the engine is handed it."""

from __future__ import annotations

import base64
import os
import subprocess
import sys
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harness.evil import png
from tests.harness.field import Field, run

from tirage.assets.fetched import Fetched
from tirage.assets.local import LocalFiles, read_data_url, read_local
from tirage.assets.resolve import Found, ResolvedResources, resolve, resolve_remote
from tirage.assets.sync import SyncFetcher
from tirage.engine.errors import ResourceProblem
from tirage.engine.resources import FaceInfo

PICTURE = png()


class NoFonts:
    """A font source without a font."""

    def faces(self) -> tuple[FaceInfo, ...]:
        """None."""
        return ()

    def fallback(self) -> tuple[str, ...]:
        """None."""
        return ()

    def load(self, key: str) -> bytes:
        """Nothing to load."""
        raise KeyError(key)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a picture, beside another folder with one."""
    for name in ("in", "out"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "a.png").write_bytes(png(grey=len(name)))
    (tmp_path / "in" / "sub" / "b ü.png").write_bytes(PICTURE)
    return tmp_path / "in"


def _code(path: str, base: Path, *allowed: Path) -> str:
    with pytest.raises(ResourceProblem) as caught:
        read_local(path, base, allowed)
    return caught.value.code


@pytest.mark.parametrize("path", ["a.png", "./a.png", "sub/../a.png", "sub/b ü.png"])
def test_files_beneath_the_folder_are_read(folder: Path, path: str) -> None:
    """Relative paths start at the folder and stay beneath it."""
    found = read_local(path, folder)
    assert found.data == (folder / path).read_bytes()
    assert found.final_url == str((folder / path).resolve())
    assert read_local(str(folder / path), folder) == found


@pytest.mark.parametrize(
    "path", ["../out/a.png", "sub/../../out/a.png", "link.png", "linked/a.png", "/etc/passwd", ".."]
)
def test_files_elsewhere_need_to_be_allowed(folder: Path, path: str) -> None:
    """Dots, links to files and folders, and absolute paths do not lead out, unless the place was opened."""
    (folder / "link.png").symlink_to(folder.parent / "out" / "a.png")
    (folder / "linked").symlink_to(folder.parent / "out")
    assert _code(path, folder) == "source_blocked"
    if path.endswith("a.png") or path == "link.png":
        assert read_local(path, folder, [folder.parent / "out"]).data == png(grey=3)


def test_what_is_no_picture_file_has_its_code(folder: Path) -> None:
    """Folders, FIFOs, devices, circles of links, missing and empty names end at once with their codes."""
    os.mkfifo(folder / "fifo.png")
    (folder / "circle.png").symlink_to("circle.png")
    (folder / "text.png").write_text("hello")
    (folder / "cut.png").write_bytes(PICTURE[:-5])
    codes = {
        "sub": "source_invalid",
        "fifo.png": "source_invalid",
        "circle.png": "source_not_found",
        "missing.png": "source_not_found",
        "a.png/b.png": "source_not_found",
        "x" * 5_000: "source_not_found",
        "": "source_invalid",
        "a\0.png": "source_invalid",
        "text.png": "source_not_image",
        "cut.png": "source_truncated",
    }
    assert {path: _code(path, folder) for path in codes} == codes
    assert _code("/dev/zero", folder, Path("/dev")) == "source_invalid"


def test_large_files_are_not_read(folder: Path) -> None:
    """A file over the limit is refused by its size."""
    with pytest.raises(ResourceProblem) as caught:
        LocalFiles([folder], max_bytes=len(PICTURE) - 1).read("sub/b ü.png")
    assert caught.value.code == "source_too_large"


def test_an_unchanged_file_is_read_once(folder: Path) -> None:
    """The bytes are remembered while the file stays as it is, within a bound."""
    files = LocalFiles([folder])
    first = files.read("a.png")
    assert files.read("a.png") is first
    (folder / "a.png").write_bytes(png(2, 2))
    assert files.read("a.png").data == png(2, 2)
    forgetful = LocalFiles([folder], remembered_bytes=0)
    assert forgetful.read("a.png") is not forgetful.read("a.png")


def test_the_first_base_with_the_file_wins(folder: Path) -> None:
    """A path that a template and a table may both name is looked for in order."""
    other = folder.parent / "out"
    (other / "only.png").write_bytes(PICTURE)
    files = LocalFiles([folder, other])
    assert files.read("a.png").data == png(grey=2)
    assert files.read("only.png").data == PICTURE


@given(st.binary(max_size=300))
def test_data_urls_hold_what_was_put_in(tail: bytes) -> None:
    """Base64, with and without padding, and percent-encoding come back as they were."""
    data = b"GIF89a" + tail
    encoded = base64.b64encode(data).decode()
    for url in (
        f"data:image/gif;base64,{encoded}",
        f"DATA:;charset=x;BASE64,{encoded.rstrip('=')}",
        f"data:text/plain;base64,{encoded[:9]}\r\n {encoded[9:]}",
        f"data:;base64,{encoded.replace('+', '%2B').replace('/', '%2f')}",
        f"data:,{quote_from_bytes(data)}",
    ):
        assert read_data_url(url, recognise=lambda _: "image/gif").data == data


def test_an_svg_may_stand_plainly_in_a_data_url() -> None:
    """As people write it in style sheets: unescaped but for the number sign."""
    found = read_data_url("data:image/svg+xml;utf8,<svg xmlns='http://www.w3.org/2000/svg'><g id='ü'/></svg>")
    assert found.media_type == "image/svg+xml"
    assert "ü".encode() in found.data


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("data:image/png;base64", "source_invalid"),
        ("data:image/png;base64,a", "source_invalid"),
        ("data:image/png;base64,!!!!", "source_invalid"),
        ("data:image/png;base64,Qü==", "source_invalid"),
        ("data:,%zz", "source_invalid"),
        ("data:,\ud800", "source_invalid"),
        ("data:,", "source_not_image"),
        ("data:text/html,<html>", "source_not_image"),
        ("data:image/png;base64," + base64.b64encode(PICTURE[:-3]).decode(), "source_truncated"),
        ("data:," + "a" * 30_001, "source_too_large"),
        ("data:;base64," + "A" * 14_000, "source_too_large"),
    ],
)
def test_a_bad_data_url_has_its_code(url: str, code: str) -> None:
    """Broken, empty, oversized and foreign contents are refused."""
    with pytest.raises(ResourceProblem) as caught:
        read_data_url(url, max_bytes=10_000)
    assert caught.value.code == code


def _codes(found: Found) -> dict[str, str]:
    return {ref: one.code if isinstance(one, ResourceProblem) else "fetched" for ref, one in found.items()}


def test_every_kind_of_source_is_resolved_its_own_way(field: Field, folder: Path) -> None:
    """Files, data URLs and remote pictures come back together, each with its bytes or its problem."""
    data = "data:;base64," + base64.b64encode(PICTURE).decode()
    remote, missing = field.evil.url("/png"), field.evil.url("/missing")
    refs = [
        "a.png",
        data,
        remote,
        missing,
        "a.png",
        "file:///etc/passwd",
        "//h/x",
        "\\\\h\\x",
        "HTTP:/\\127.0.0.1/",
        "c:x",
    ]
    with SyncFetcher(field.policy, resolver=field.dns.server) as fetcher:
        found = resolve(refs, base=folder, fetcher=fetcher)
        assert _codes(found) == {
            "a.png": "fetched",
            data: "fetched",
            remote: "fetched",
            missing: "source_http_error",
            "file:///etc/passwd": "source_invalid",
            "//h/x": "source_invalid",
            "\\\\h\\x": "source_invalid",
            "HTTP:/\\127.0.0.1/": "source_invalid",
            "c:x": "source_not_found",
        }
        assert fetcher.fetch(remote) == found[remote]
    assert field.evil.count("/png") == 1


def test_without_a_fetcher_nothing_goes_out(field: Field, folder: Path) -> None:
    """A run that is to stay offline says so for each remote source."""
    refs = [field.evil.url("/png"), "a.png"]
    assert list(_codes(resolve(refs, base=LocalFiles([folder]))).values()) == ["fetched", "source_blocked"]
    assert field.evil.connections == 0


def test_a_service_reads_no_files(field: Field, folder: Path) -> None:
    """Inside a service a path is no source, wherever it points."""
    refs = [str(folder / "a.png"), "a.png", "data:,%3Csvg/%3E", field.evil.url("/png")]

    async def go() -> Found:
        async with field.fetcher() as fetcher:
            return await resolve_remote(refs, fetcher=fetcher)

    assert _codes(run(go)) == dict(zip(refs, ["source_invalid", "source_invalid", "fetched", "fetched"], strict=True))


def test_the_engine_gets_bytes_or_the_reason() -> None:
    """Resolved pictures are blobs; a failed or unknown source raises, each time with a new error."""
    failed = ResourceProblem(read_problem().problems, retryable=True)
    resources = ResolvedResources(NoFonts(), {"a": Fetched.of(PICTURE, "image/png", ""), "b": failed})
    blob = resources.image("a")
    assert (blob.data, blob.sha256) == (PICTURE, Fetched.of(PICTURE, "", "").sha256)
    with pytest.raises(ResourceProblem) as caught:
        resources.image("b")
    assert caught.value is not failed
    assert (caught.value.problems, caught.value.retryable) == (failed.problems, True)
    with pytest.raises(ResourceProblem) as caught:
        resources.image("c")
    assert caught.value.code == "source_not_found"


def read_problem() -> ResourceProblem:
    """Some problem of a source."""
    with pytest.raises(ResourceProblem) as caught:
        read_data_url("data:")
    return caught.value


def test_a_closed_fetcher_starts_again(field: Field) -> None:
    """Closing ends connections and thread; the next fetch begins anew and finds its copies."""
    fetcher = SyncFetcher(field.policy, resolver=field.dns.server)
    crowd = [field.evil.url(f"/png?n={number}") for number in range(40)]
    assert len(fetcher.fetch_many(crowd)) == 40
    field.evil.requests.clear()
    first = fetcher.fetch(field.evil.url("/no-store"))
    fetcher.close()
    fetcher.close()
    second = fetcher.fetch(field.evil.url("/no-store"))
    assert len(fetcher.fetch_many([f"{url}&again" for url in crowd])) == 40
    fetcher.close()
    assert first != second
    before, after = [request.connection for request in field.evil.requests if request.path == "/no-store"]
    assert before != after


def test_local_sources_do_not_load_the_http_stack() -> None:
    """A run over local files pays for no HTTP client, no name server client and no event loop."""
    program = (
        "import sys; import tirage.assets.resolve; "
        "print([name for name in ('httpcore', 'httpx', 'dns', 'anyio', 'asyncio', 'ssl') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
