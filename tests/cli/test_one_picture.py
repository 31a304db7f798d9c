"""`tirage render` without a table, as a process."""

from __future__ import annotations

import json
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tirage.actions.templates import load_template

Tirage = Callable[..., "subprocess.CompletedProcess[str]"]


def png_size(path: Path) -> tuple[int, int]:
    """Width and height in the header of a PNG."""
    data = path.read_bytes()
    assert data.startswith(b"\x89PNG\r\n\x1a\n") and data.endswith(b"IEND\xaeB`\x82")
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def test_a_template_becomes_a_picture_named_after_it(tirage: Tirage, folder: Path) -> None:
    """Without options, the first sample row is drawn into the current folder, and that is said."""
    done = tirage("render", "card.json")
    assert done.returncode == 0, done.stderr
    assert png_size(folder / "card.png") == (80, 48)
    assert "sample row" in done.stderr and "card.png" in done.stdout


def test_a_starter_is_drawn_by_its_name(tirage: Tirage, folder: Path) -> None:
    """A starter's name is a template; the format is told by the file's ending, the size by the scale."""
    done = tirage("render", "open-graph", "--out", "deep/er/og.jpg", "--scale", "0.5")
    assert done.returncode == 0, done.stderr
    assert (folder / "deep/er/og.jpg").read_bytes().startswith(b"\xff\xd8\xff")
    assert "600×315" in done.stdout


def test_a_summary_for_programs_is_all_that_stdout_holds(tirage: Tirage, folder: Path) -> None:
    """With --json, stdout is one JSON value; equal calls give equal recipes and hashes."""
    (folder / "there").mkdir()
    first, second = (json.loads(tirage("render", "card.json", "--json", "--out", "there").stdout) for _ in range(2))
    assert first == second
    assert first["ok"] and first["files"][0]["file"] == "there/card.png"
    assert len(first["recipe"]) == len(first["files"][0]["sha256"]) == 64


def test_settings_change_the_picture(tirage: Tirage, folder: Path) -> None:
    """A variable, a layer's main property and any other property are set by name; each shows."""
    settings = ("title=Sample", "title.text=Other", "bar.fill=red")
    for number, setting in enumerate(settings):
        assert tirage("render", "card.json", "--set", setting, "--out", f"{number}.png").returncode == 0
    assert len({(folder / f"{number}.png").read_bytes() for number in range(3)}) == 3


def test_pages_of_raster_formats_are_files_and_of_pdf_one_file(tirage: Tirage, folder: Path) -> None:
    """A template of two pages gives two numbered PNGs, or one PDF."""
    page = {"width": 20, "height": 10, "layers": []}
    (folder / "two.json").write_text(json.dumps({"pages": [page, {**page, "width": 30}]}))
    assert tirage("render", "two.json").returncode == 0
    assert [png_size(folder / f"two-{number}.png") for number in (1, 2)] == [(20, 10), (30, 10)]
    done = tirage("render", "two.json", "--format", "pdf")
    assert done.returncode == 0
    assert (folder / "two.pdf").read_bytes().startswith(b"%PDF-")


def test_the_report_is_written(tirage: Tirage, folder: Path) -> None:
    """--report tells where every layer came to lie."""
    assert tirage("render", "card.json", "--report", "r.ndjson").returncode == 0
    report = json.loads((folder / "r.ndjson").read_text())
    assert [layer["name"] for layer in report["layers"]] == ["bar", "title", "photo"]


def test_every_problem_of_a_template_is_told_at_once(tirage: Tirage, folder: Path) -> None:
    """A wrong template ends with 2 and names all that is wrong, where, and what was probably meant."""
    wrong = {
        "width": 10,
        "height": 10,
        "layers": [{"type": "txt", "name": "a"}, {"type": "text", "name": "b", "fontSize": -1, "colour": "red"}],
    }
    (folder / "wrong.json").write_text(json.dumps(wrong))
    done = tirage("render", "wrong.json", "--json")
    told = json.loads(done.stdout)
    assert done.returncode == 2 and not told["ok"]
    assert {each["pointer"] for each in told["problems"]} >= {
        "/layers/0/type",
        "/layers/1/fontSize",
        "/layers/1/colour",
    }
    assert "Did you mean 'color'?" in done.stderr
    assert not list(folder.glob("*.png"))


def test_a_template_may_begin_with_a_byte_order_mark(folder: Path) -> None:
    """Some editors save UTF-8 so; the mark is no part of the document."""
    (folder / "marked.json").write_bytes(b"\xef\xbb\xbf" + (folder / "card.json").read_bytes())
    assert load_template(str(folder / "marked.json")).template.digest == (
        load_template(str(folder / "card.json")).template.digest
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["no-such.json"], "There is no file"),
        (["social-add"], "Did you mean 'social-ad'?"),
        (["card.json", "--format", "jpge"], "jpeg"),
        (["card.json", "--scale", "9"], "must lie between 0.1 and 4"),
        (["card.json", "--set", "titel=x"], "Did you mean 'title'?"),
        (["card.json", "--set", "title.colour=x"], "Did you mean 'color'?"),
        (["card.json", "--set", "nonsense"], "layer.key=value"),
        (["card.json", "--set", "bar.fill=nonsense"], "nonsense"),
        (["card.json", "--resume"], "needs a table"),
        (["card.json", "--data", "none.csv"], "There is no table"),
        (["card.json", "--data", "rows.csv", "--out", "logo.svg"], "'logo.svg' is a file where a folder is needed"),
        (["rows.csv"], "'rows.csv' is not JSON, so it is no template"),
        (["card.json", "--rows", "5-2"], "no row"),
        (["card.json", "--allow-host", "10.0.0.0/99"], "cannot be used"),
        (["card.json", "--allow-path", "nowhere"], "does not exist"),
        (["card.json", "--set", "photo=none.png"], "does not exist"),
        (["card.json", "--set", "photo=../x.png"], "does not exist"),
    ],
)
def test_a_wrong_call_ends_with_two_and_says_what_is_wrong(call: Tirage, arguments: list[str], said: str) -> None:
    """Whatever is wrong with a call is told with its remedy, and nothing is written."""
    done = call("render", *arguments)
    assert done.returncode == 2
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_misspelt_setting_of_the_environment_is_told(call: Tirage) -> None:
    """A variable that begins with TIRAGE_ and means nothing is a mistake."""
    done = call("render", "card.json", TIRAGE_WORKER="2", TIRAGE_SANDBOX="some")
    assert done.returncode == 2
    assert "Did you mean TIRAGE_WORKERS?" in done.stderr and "TIRAGE_SANDBOX" in done.stderr


def test_pictures_outside_the_template_s_folder_need_leave(tirage: Tirage, folder: Path) -> None:
    """A path that leads out of the folder is refused until --allow-path opens the place."""
    (folder / "inner").mkdir()
    document = {"width": 9, "height": 9, "layers": [{"type": "image", "name": "p", "imageUrl": "../logo.svg"}]}
    (folder / "inner" / "t.json").write_text(json.dumps(document))
    refused = tirage("render", "inner/t.json")
    assert refused.returncode == 2 and "--allow-path" in refused.stderr and "'p'" in refused.stderr
    assert tirage("render", "inner/t.json", "--allow-path", ".").returncode == 0


def test_the_command_s_own_process_loads_no_native_library(folder: Path, environment: dict[str, str]) -> None:
    """Parsing, binding and writing need neither Skia nor libvips nor HarfBuzz nor ICU."""
    import sys

    code = (
        "import atexit, sys\n"
        "atexit.register(lambda: print([n for n in ('skia','pyvips','uharfbuzz','icu','numpy') if n in sys.modules]))\n"
        "sys.argv[1:] = ['render', 'card.json', '--data', 'rows.csv', '--format', 'webp', '--contact-sheet', 'c.png']\n"
        "import tirage.cli; tirage.cli.main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "[]"
