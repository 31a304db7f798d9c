"""File names: safe everywhere, unique, and the same on every run."""

from __future__ import annotations

import os
import tracemalloc
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.engine.errors import RowProblem, TemplateProblem
from tirage.tables import FileNamer, Value


def named(title: str, pattern: str = "{title}") -> str:
    """The name of row 7 with this title."""
    return FileNamer(pattern).name(7, {"title": title})


@pytest.mark.check(138)
@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("../../a", "a.png"),
        ("a/b", "a-b.png"),
        ("a\\b", "a-b.png"),
        ("C:\\x", "C-x.png"),
        ("/etc/passwd", "etc-passwd.png"),
        ("a\0b\x1f\x7fc", "a-b-c.png"),
        ("two\r\nlines\u2028more", "two lines more.png"),
        (".hidden", "hidden.png"),
        ("-rf", "rf.png"),
        ("ends. . ", "ends.png"),
        ("con", "_con.png"),
        ("NUL.txt", "_NUL.txt.png"),
        ("nul .txt", "_nul .txt.png"),
        ("Lpt¹", "_Lpt¹.png"),
        ("console", "console.png"),
        ("", "00007.png"),
        (" ./. ", "00007.png"),
        ("\u202e\u200b", "00007.png"),
        ("\u200d", "00007.png"),
        ("photo\u202egnp.exe", "photognp.exe.png"),
        ('<>:"|?*', "00007.png"),
        ("Zoe\u0308", "Zoë.png"),
        ("👩‍👧 नमस्ते שלום", "👩‍👧 नमस्ते שלום.png"),
        ("half \ud83d", "half.png"),
    ],
)
def test_names_are_safe(title: str, name: str) -> None:
    """Paths, control and unseen characters, reserved and hidden names become plain ones."""
    assert named(title) == name


@pytest.mark.check(138)
@pytest.mark.parametrize("letter", ["x", "é", "東", "👩\u200d👧", "🇫🇷", "👍🏽", "a\u0323\u0301", "x\u0301\u0302"])
def test_long_names_end_with_a_whole_character(letter: str) -> None:
    """At most 200 bytes are kept, and the last character is not cut in two."""
    letter = unicodedata.normalize("NFC", letter)
    for before in ("", "1", "12", "123"):
        name = named(before + letter * 500)
        assert 160 < len(name.encode()) <= 200
        rest = name.removesuffix(".png").removeprefix(before)
        assert rest == letter * (len(rest) // len(letter))


def test_a_tower_of_marks_is_cut_all_the_same() -> None:
    """A name of one letter under a thousand marks has its letter and the marks that fit."""
    name = named("x" + "\u0302" * 1_000)
    assert name.startswith("x\u0302") and len(name.encode()) <= 200


@pytest.mark.check(138)
def test_equal_names_get_the_rows_number() -> None:
    """The first keeps the name, later ones and ones that differ in case or composition only get their number."""
    namer = FileNamer("{title}")
    titles = ["a", "a", "A", "ß", "SS", "e\u0301", "É", "b-10", "x", "b", "b", "a" * 500, "a" * 500, "", ""]
    names = [namer.name(row, {"title": title}) for row, title in enumerate(titles, 1)]
    assert names[:8] == ["a.png", "a-2.png", "A-3.png", "ß.png", "SS-5.png", "é.png", "É-7.png", "b-10.png"]
    assert names[8:11] == ["x.png", "b.png", "b-11.png"]
    assert names[12] == "a" * 193 + "-13.png"
    assert names[13:] == ["00014.png", "00015.png"]
    taken = FileNamer("{title}")
    assert [taken.name(row, {"title": title}) for row, title in ((1, "b-3"), (2, "b"), (3, "b"))] == [
        "b-3.png",
        "b.png",
        "b-3-2.png",
    ]


def test_patterns() -> None:
    """Fields are rows and columns as a whole; values of every kind have a text."""
    values: dict[str, Value] = {"title": "Long title", "a.b": 1, "x[0]": None, "t": True, "l": ["é", 2]}
    namer = FileNamer("{row:03d}-{title:.4}-{a.b}{x[0]}{t}{{l}} {l}", ".jpg", fields=values)
    assert namer.name(5, values) == '005-Long-1true{l} ["é", 2].jpg'.replace('"', "-")
    assert FileNamer().name(12, {}) == "00012.png"
    assert FileNamer("{row}", "").name(1_000_000, {}) == "1000000"


@pytest.mark.parametrize(
    ("pattern", "near"),
    [
        ("", None),
        ("{titel}", "title"),
        ("{rwo}", "row"),
        ("{}", None),
        ("{0}", None),
        ("{title", None),
        ("title}", None),
        ("{title!r}", None),
        ("{title:>10}", None),
        ("{title:{row}}", None),
        ("{row:.3}", None),
        ("{row:999d}", None),
        ("{row.__class__}", None),
        ("{title.__class__.__mro__}", None),
        ("{title[0]}", "title"),
    ],
)
def test_a_wrong_pattern_is_refused(pattern: str, near: str | None) -> None:
    """Unknown fields, formats and ways into a value are errors before the first row, with the closest name."""
    with pytest.raises(TemplateProblem) as caught:
        FileNamer(pattern, fields=("title", "price"))
    assert (caught.value.code, caught.value.problems[0].closest) == ("name_pattern_invalid", near)


def test_a_row_without_the_column() -> None:
    """A row of a table whose rows differ is a bad one where it lacks the column."""
    namer = FileNamer("{row.__class__}{title}")
    with pytest.raises(RowProblem) as caught:
        namer.name(3, {"titel": "x"})
    assert caught.value.code == "name_value_missing"


_TITLES = st.text(max_size=30) | st.sampled_from(["a", "A", "a-2", "a-3", "con", "../x", "é", "e\u0301"])


@given(st.lists(_TITLES, max_size=20), st.sampled_from(["{title}", "{row}-{title}", "{title}-{row}", "x{row}{title}"]))
def test_any_titles_give_names_that_are_safe_unique_and_stable(titles: list[str], pattern: str) -> None:
    """Names are one path component, fit, differ even without case, and come out equal a second time."""
    first, second = FileNamer(pattern), FileNamer(pattern)
    names = [first.name(row, {"title": title}) for row, title in enumerate(titles, 1)]
    assert names == [second.name(row, {"title": title}) for row, title in enumerate(titles, 1)]
    assert len({unicodedata.normalize("NFC", name.casefold()) for name in names}) == len(names)
    for name in names:
        assert len(name.encode()) <= 200 and name == Path(name).name and name.endswith(".png")
        assert name[0] not in ".- " and not set(name) & set('<>:"/\\|?*\0\n')
        assert name == unicodedata.normalize("NFC", name)


def test_names_can_be_written(tmp_path: Path) -> None:
    """The longest and strangest names are files of their own in a real folder."""
    namer = FileNamer("{title}")
    titles = ["東" * 300, "東" * 300, "👩‍👧" * 90, "../x", "nul", "a\nb", "é", "\u202e", "%s$HOME`id`", "~", "'\""]
    for row, title in enumerate(titles, 1):
        (tmp_path / namer.name(row, {"title": title})).write_bytes(b"")
    assert len(list(tmp_path.iterdir())) == len(titles)


def test_memory() -> None:
    """Nothing is kept where the row's number leads, and at most 64 bytes a row (and 96 while growing) otherwise."""
    rows = 1_000_000 if os.environ.get("TIRAGE_SOAK") else 5_000
    for pattern, least in (("{row:05d}-{title}", 0), ("{title}", 100)):
        tracemalloc.start()
        namer = FileNamer(pattern)
        for row in range(1, rows + 1):
            namer.name(row, {"title": f"name {row // 2}"})
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 20_000 + least * rows
