"""`tirage render --data` as a process: what is written, what is told, and how it ends and goes on."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

Tirage = Callable[..., "subprocess.CompletedProcess[str]"]
Start = Callable[..., "subprocess.Popen[str]"]


def manifest(folder: Path) -> list[dict[str, object]]:
    """The entries of a run's manifest."""
    return [json.loads(line) for line in (folder / "manifest.ndjson").read_text().splitlines()]


def failures(folder: Path) -> list[dict[str, str]]:
    """The lines of errors.csv."""
    with (folder / "errors.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def many_rows(folder: Path, count: int) -> None:
    """A table of that many rows, `many.csv`."""
    (folder / "many.csv").write_text("title\n" + "".join(f"Title {number}\n" for number in range(1, count + 1)))


def wait_for_rows(folder: Path, process: subprocess.Popen[str], count: int) -> None:
    """Wait until the manifest of a run has that many lines."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        path = folder / "manifest.ndjson"
        if path.exists() and path.read_bytes().count(b"\n") >= count:
            return
        time.sleep(0.01)
    raise AssertionError(f"the run did not get that far: {process.poll()}")


def test_a_row_is_a_picture_and_a_line_of_the_manifest(tirage: Tirage, folder: Path) -> None:
    """Twelve rows give twelve files; the manifest tells their hashes in the order of the rows; no errors.csv."""
    done = tirage("render", "card.json", "--data", "rows.csv", "--out", "res", "--json")
    assert done.returncode == 0, done.stderr
    summary = json.loads(done.stdout)
    assert (summary["rows"], summary["drawn"], summary["failed"]) == (12, 12, 0)
    entries = manifest(folder / "res")
    assert [entry["row"] for entry in entries] == list(range(1, 13))
    for entry in entries:
        data = (folder / "res" / str(entry["file"])).read_bytes()
        assert (entry["sha256"], entry["bytes"]) == (sha256(data).hexdigest(), len(data))
    assert sorted(path.name for path in (folder / "res").iterdir())[-1] == "manifest.ndjson"
    assert len({entry["sha256"] for entry in entries}) == 12
    assert not (folder / "res" / "errors.csv").exists()


def test_the_bytes_do_not_depend_on_the_number_of_workers(tirage: Tirage, folder: Path) -> None:
    """One child and two write the same files, and the same manifest."""
    for workers in "12":
        tirage("render", "card.json", "--data", "rows.csv", "--out", workers, "--workers", workers, "--format", "jpeg")
    first, *others = ({path.name: path.read_bytes() for path in (folder / each).iterdir()} for each in "12")
    assert len(first) == 13
    assert others == [first]


def test_failed_rows_are_listed_and_the_others_go_on(tirage: Tirage, folder: Path) -> None:
    """A ragged row, a missing value, a wrong colour and a missing picture fail alone, each with its reason."""
    (folder / "bad.csv").write_text(
        'title,tone,photo\n\n"A\n",red,\nB\n,red,\nC,nonsense,\nD,,none.png\nE,,logo.svg\n', encoding="utf-8"
    )
    done = tirage("render", "card.json", "--data", "bad.csv", "--out", "res")
    assert done.returncode == 1
    listed = failures(folder / "res")
    assert [line["row"] for line in listed] == ["2", "3", "4", "5"]
    assert [line["line"] for line in listed] == ["5", "6", "7", "8"]
    assert [line["code"] for line in listed] == [
        "ragged_row",
        "variable_missing",
        "variable_invalid",
        "source_not_found",
    ]
    assert listed[3]["layer"] == "photo" and listed[3]["retryable"] == "false"
    assert [entry["row"] for entry in manifest(folder / "res")] == [1, 6]
    assert "errors.csv" in done.stderr and "none.png" in done.stderr


def test_fail_fast_begins_nothing_after_the_first_failure(tirage: Tirage, folder: Path) -> None:
    """With --fail-fast a long run ends soon after its first failed row."""
    (folder / "bad.csv").write_text("title\n" + '""\n' + "x\n" * 2000)
    done = tirage("render", "card.json", "--data", "bad.csv", "--out", "res", "--fail-fast", "--json")
    assert done.returncode == 1
    assert json.loads(done.stdout)["rows"] < 50


def test_only_the_rows_asked_for_are_drawn(tirage: Tirage, folder: Path) -> None:
    """--rows counts from one and takes both ends; the names are those of a whole run."""
    done = tirage(
        "render", "card.json", "--data", "rows.csv", "--out", "res", "--rows", "3-5", "--name", "{row}-{title}"
    )
    assert done.returncode == 0
    assert [entry["file"] for entry in manifest(folder / "res")] == ["3-Title 3.png", "4-Title 4.png", "5-Title 5.png"]


def test_names_are_safe_and_unique(tirage: Tirage, folder: Path) -> None:
    """Names cannot leave the folder, and equal ones get the row's number."""
    (folder / "names.csv").write_text("title\n../../up\nsame\nsame\nSAME\nCON\n", encoding="utf-8")
    assert tirage("render", "card.json", "--data", "names.csv", "--out", "res", "--name", "{title}").returncode == 0
    files = [str(entry["file"]) for entry in manifest(folder / "res")]
    assert len({name.casefold() for name in files}) == 5
    assert not any("/" in name or name.startswith(".") or name.upper().startswith("CON.") for name in files)
    assert all((folder / "res" / name).is_file() for name in files)


def test_a_name_pattern_that_names_no_column_is_refused(tirage: Tirage, folder: Path) -> None:
    """A misspelt field of --name ends with 2 before anything is written."""
    done = tirage("render", "card.json", "--data", "rows.csv", "--out", "res", "--name", "{titel}")
    assert done.returncode == 2 and "Did you mean 'title'?" in done.stderr
    assert not (folder / "res").exists()


def test_resume_skips_what_is_unchanged_and_draws_what_is_not(tirage: Tirage, folder: Path) -> None:
    """A changed row, a lost file and a file cut short are drawn again; all else stays as it is."""
    assert tirage("render", "card.json", "--data", "rows.csv", "--out", "res").returncode == 0
    before = manifest(folder / "res")
    text = (folder / "rows.csv").read_text()
    (folder / "rows.csv").write_text(text.replace("Title 4,", "Changed,"))
    (folder / "res" / "00007.png").unlink()
    (folder / "res" / "00009.png").write_bytes(b"")
    done = tirage("render", "card.json", "--data", "rows.csv", "--out", "res", "--resume", "--json")
    summary = json.loads(done.stdout)
    assert (done.returncode, summary["drawn"], summary["skipped"]) == (0, 3, 9)
    after = manifest(folder / "res")
    assert [old["row"] for old, new in zip(before, after, strict=True) if old != new] == [4]
    assert (folder / "res" / "00007.png").is_file() and (folder / "res" / "00009.png").stat().st_size > 100


def test_a_changed_picture_is_a_changed_row(tirage: Tirage, folder: Path) -> None:
    """--resume knows pictures by their bytes, not by their names."""
    assert tirage("render", "card.json", "--data", "rows.csv", "--out", "res").returncode == 0
    (folder / "logo.svg").write_text((folder / "logo.svg").read_text().replace("#e33", "#3e3"))
    done = tirage("render", "card.json", "--data", "rows.csv", "--out", "res", "--resume", "--json")
    assert json.loads(done.stdout)["drawn"] == 12


def test_a_killed_run_leaves_whole_files_and_goes_on(tirage: Tirage, start: Start, folder: Path) -> None:
    """After kill -9 each file is whole; the same command with --resume draws the rest and sweeps what was half done."""
    many_rows(folder, 400)
    process = start("render", "card.json", "--data", "many.csv", "--out", "res", "--workers", "1")
    wait_for_rows(folder / "res", process, 5)
    process.kill()
    process.communicate()
    for path in (folder / "res").glob("[!.]*.png"):
        assert path.read_bytes().endswith(b"IEND\xaeB`\x82")
    (folder / "res" / ".tirage-99999999-1.part").write_bytes(b"half")
    with (folder / "res" / "manifest.ndjson").open("ab") as file:
        file.write(b'{"row":300,"fi')
    done = tirage("render", "card.json", "--data", "many.csv", "--out", "res", "--resume", "--json")
    summary = json.loads(done.stdout)
    assert (done.returncode, summary["rows"]) == (0, 400)
    assert summary["skipped"] >= 5
    assert [entry["row"] for entry in manifest(folder / "res")] == list(range(1, 401))
    assert not list((folder / "res").glob(".tirage-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_says_how_to_go_on(
    tirage: Tirage, start: Start, folder: Path, number: signal.Signals
) -> None:
    """Ctrl-C ends with 130, leaves no half file, and every file has its line in the manifest."""
    many_rows(folder, 5000)
    process = start("render", "card.json", "--data", "many.csv", "--out", "res")
    wait_for_rows(folder / "res", process, 5)
    process.send_signal(number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "--resume" in told and "Traceback" not in told
    names = {path.name for path in (folder / "res").iterdir()}
    entries = manifest(folder / "res")
    assert names == {"manifest.ndjson", *(str(entry["file"]) for entry in entries)}
    assert [entry["row"] for entry in entries] == sorted(int(str(entry["row"])) for entry in entries)
    last = max(int(str(entry["row"])) for entry in entries)
    done = tirage(
        "render", "card.json", "--data", "many.csv", "--out", "res", "--resume", "--rows", f"-{last}", "--json"
    )
    assert done.returncode == 0
    assert json.loads(done.stdout)["skipped"] == len(entries)


def test_a_table_from_standard_input(tirage: Tirage, folder: Path) -> None:
    """`-` reads the table from standard input; its paths start from the current folder."""
    rows = '{"title": "One", "photo": "logo.svg"}\n{"title": "Two"}\n'
    done = tirage("render", "card.json", "--data", "-", "--out", "res", stdin=rows)
    assert done.returncode == 0, done.stderr
    assert len(manifest(folder / "res")) == 2


def test_a_table_from_a_pipe(tirage: Tirage, folder: Path) -> None:
    """A named pipe, as the shell's `<(…)` gives one, is read once like any table."""
    os.mkfifo(folder / "pipe")
    writer = threading.Thread(target=(folder / "pipe").write_text, args=("title\nOne\nTwo\n",))
    writer.start()
    done = tirage("render", "card.json", "--data", "pipe", "--out", "res")
    writer.join()
    assert done.returncode == 0, done.stderr
    assert len(manifest(folder / "res")) == 2


def test_paths_of_rows_start_from_the_table(tirage: Tirage, folder: Path) -> None:
    """A picture named by a row is looked for beside the table, not beside the template."""
    (folder / "data").mkdir()
    (folder / "data" / "own.svg").write_text((folder / "logo.svg").read_text())
    (folder / "data" / "rows.csv").write_text("title,photo\nA,own.svg\nB,logo.svg\n")
    done = tirage("render", "card.json", "--data", "data/rows.csv", "--out", "res")
    assert done.returncode == 1
    assert [line["row"] for line in failures(folder / "res")] == ["2"]


def test_settings_rank_above_columns(tirage: Tirage, folder: Path) -> None:
    """--set wins over a column of the same name: all rows are equal then."""
    both = ("--set", "title=Same", "--set", "tone=red")
    done = tirage("render", "card.json", "--data", "rows.csv", "--out", "res", *both)
    assert done.returncode == 0
    assert len({entry["sha256"] for entry in manifest(folder / "res")}) == 1


def test_pages_of_a_row_are_numbered_files(tirage: Tirage, folder: Path) -> None:
    """A row of a template with two pages gives two PNGs under one line of the manifest; --resume knows both."""
    page = {"width": 20, "height": 10, "layers": []}
    text = {"type": "text", "name": "t", "text": "{{ title }}"}
    document = {"pages": [page, {**page, "layers": [text]}], "variables": [{"name": "title"}]}
    (folder / "two.json").write_text(json.dumps(document))
    again = ("render", "two.json", "--data", "rows.csv", "--rows", "1-2", "--out", "res")
    assert tirage(*again).returncode == 0
    assert sorted(path.name for path in (folder / "res").glob("*.png"))[:3] == [
        "00001-1.png",
        "00001-2.png",
        "00002-1.png",
    ]
    assert json.loads(tirage(*again, "--resume", "--json").stdout)["skipped"] == 2
    (folder / "res" / "00002-2.png").unlink()
    assert json.loads(tirage(*again, "--resume", "--json").stdout)["drawn"] == 1


def test_report_and_contact_sheet(tirage: Tirage, folder: Path) -> None:
    """The report has a line a row; the contact sheet is one picture; equal warnings are told once."""
    (folder / "wide.csv").write_text("title,other\n" + "A very long title that does not fit its box,x\n" * 4)
    done = tirage(
        "render", "card.json", "--data", "wide.csv", "--out", "res", "--report", "r.ndjson", "--contact-sheet", "s.png"
    )
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in (folder / "r.ndjson").read_text().splitlines()]
    assert [line["row"] for line in lines] == [1, 2, 3, 4]
    assert {warning["code"] for line in lines for warning in line["warnings"]} >= {"column_unused", "text_overflow"}
    assert done.stderr.count("Column 'other'") == 1 and "4 rows" in done.stderr
    assert (folder / "s.png").read_bytes().startswith(b"\x89PNG") and "s.png" in done.stdout


@pytest.mark.parametrize(
    ("text", "said"), [("", "empty"), ("title,title\na,b\n", "both named"), ('title\n"x', "1 failed")]
)
def test_tables_that_cannot_be_used_are_told(tirage: Tirage, folder: Path, text: str, said: str) -> None:
    """An empty table and a doubled column end with 2, a quote that is never closed is one failed row."""
    (folder / "t.csv").write_text(text)
    done = tirage("render", "card.json", "--data", "t.csv")
    assert done.returncode == (1 if "failed" in said else 2)
    assert said in done.stderr + done.stdout
