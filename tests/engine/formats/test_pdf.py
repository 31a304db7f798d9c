"""PDF: pages, sizes, links, fonts and the text behind the glyphs, read out of the file itself."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone

import pytest
from tests.engine.painting import glyphs, rect

from tirage.engine import formats, pdf_update
from tirage.engine.options import Meta, OutputOptions
from tirage.engine.scene import Group, Node, Scene, ScenePage, Solid, Stroke
from tirage.engine.values.color import BLACK, WHITE
from tirage.engine.values.transform import Rect


def written(*nodes: Node, meta: Meta = Meta(), pages: int = 1, dpi: float | None = None) -> bytes:  # noqa: B008
    """The PDF of white pages of 200×100 px."""
    page = ScenePage("page", 200, 100, Group((rect(0, 0, 200, 100, WHITE), *nodes)))
    return formats.get("pdf").encode(Scene((page,) * pages), OutputOptions(dpi=dpi), meta).data


def streams(data: bytes) -> list[bytes]:
    """All streams, unpacked."""
    found = re.findall(rb"/FlateDecode[^>]*>> stream\n(.*?)\nendstream", data, re.DOTALL)
    return [zlib.decompressobj().decompress(body) for body in found]


def texts(data: bytes) -> dict[int, str]:
    """The text of each glyph, from the last ToUnicode map."""
    maps = [body for body in streams(data) if b"begincmap" in body]
    pairs = re.findall(rb"^<(\w{4})> <(\w+)>$", maps[-1], re.MULTILINE)
    return {int(glyph, 16): bytes.fromhex(text.decode()).decode("utf-16-be") for glyph, text in pairs}


@pytest.mark.parametrize(("dpi", "box"), [(None, b"150 75"), (72, b"200 100"), (300, b"48 24")])
def test_pages_have_their_physical_size(dpi: float | None, box: bytes) -> None:
    """96 px an inch as in CSS, or as many as `dpi` says; a point is 1/72 inch."""
    assert b"/MediaBox [0 0 %b]" % box in written(dpi=dpi)


def test_every_page_of_the_scene_is_a_page() -> None:
    """Three pages in one file."""
    data = written(pages=3)
    assert data.count(b"/Type /Page\n") == 3 and b"/Count 3" in data


def test_text_stays_text_with_its_font_inside() -> None:
    """The font is embedded as a subset, and the glyphs can be read as characters."""
    run = glyphs("Tirage", 10, 50, 24)
    data = written(run)
    assert re.search(rb"/BaseFont /[A-Z]{6}\+Inter-Bold", data) and b"/FontFile2" in data
    assert [texts(data)[glyph] for glyph in run.glyphs] == list("Tirage")


def test_a_ligature_reads_as_its_letters() -> None:
    """A glyph that stands for several characters gives all of them, whatever the font's own map says."""
    run = glyphs("Xy", 10, 50, 24)
    ligature = replace(run, text="offiy", clusters=(0, 4))
    read = texts(written(ligature))
    assert [read[glyph] for glyph in run.glyphs] == ["offi", "y"]


def test_a_cluster_of_several_glyphs_does_not_say_its_text_twice() -> None:
    """Where the font's map knows the glyphs of a cluster, it is left to speak."""
    run = replace(glyphs("ab", 10, 50, 24), text="ab", clusters=(0, 0))
    read = texts(written(run))
    assert [read[glyph] for glyph in run.glyphs] == ["a", "b"]


def test_letters_that_share_their_glyphs_say_themselves() -> None:
    """A cluster that no map of single glyphs can tell carries its text; the picture's operators stay as they were."""
    run = replace(glyphs("abab", 10, 50, 24), text="xyz", clusters=(2, 2, 1, 0))
    told = [body for body in streams(written(run)) if b"BT\n" in body]
    spans = re.findall(rb"/ActualText <FEFF(\w+)>>> BDC\n(.*?)EMC", told[-1], re.DOTALL)
    assert [bytes.fromhex(text.decode()).decode("utf-16-be") for text, _ in spans] == ["z"]
    shown = [re.findall(rb"<((?:[0-9A-F]{4})+)> Tj", body) for body in told]
    assert b"".join(shown[0]) == b"".join(shown[-1]) and len(told) == 2
    assert len(re.findall(rb"<[0-9A-F]{4}> Tj", spans[0][1])) == 2


def test_marks_without_width_are_outlines_and_their_letter_says_the_cluster() -> None:
    """Readers find no gap within a word: only letters are text, in whatever order the glyphs of a cluster come."""
    run = glyphs("ee\u0301a", 10, 50, 24)
    marked = replace(run, clusters=(0, 1, 1, 3))
    told = [body for body in streams(written(marked)) if b"BT\n" in body][-1]
    spans = re.findall(rb"/ActualText <FEFF(\w+)>>> BDC\n(.*?)EMC", told, re.DOTALL)
    assert [bytes.fromhex(text.decode()).decode("utf-16-be") for text, _ in spans] == ["e\u0301"]
    shown = [int(glyph, 16) for glyph in re.findall(rb"<([0-9A-F]{4})> Tj", told)]
    assert shown == [run.glyphs[0], run.glyphs[1], run.glyphs[3]]
    assert len(re.findall(rb"^f$", told, re.MULTILINE)) == 2  # the page's ground, and the mark


def test_marks_that_stand_alone_stay_text() -> None:
    """A mark that is a cluster of its own can say itself."""
    run = replace(glyphs("a\u0301", 10, 50, 24), clusters=(0, 1))
    told = [body for body in streams(written(run)) if b"BT\n" in body][-1]
    assert sum(len(shown) // 4 for shown in re.findall(rb"<((?:[0-9A-F]{4})+)> Tj", told)) == 2


def test_text_that_the_map_tells_is_left_alone() -> None:
    """A run of plain letters has no spans, so its bytes are Skia's own."""
    assert not any(b"ActualText" in body for body in streams(written(glyphs("Tirage", 10, 50, 24))))


def test_runs_in_groups_and_masks_are_found() -> None:
    """Texts are collected from the whole tree."""
    run = glyphs("a", 10, 50, 24)
    collected = pdf_update.glyph_texts((Group((Group((run,)),)),))
    assert collected["Inter-Bold"].certain == {run.glyphs[0]: "a"}


def test_shadows_and_contours_are_no_second_text() -> None:
    """A blurred copy and a stroke are outlines: searching finds the word once."""
    plain = sum(body.count(b" Tf\n") for body in streams(written(glyphs("Once", 10, 50, 24))))
    decorated = written(glyphs("Once", 12, 52, 24, blur=2), glyphs("Once", 10, 50, 24, stroke=Stroke(Solid(BLACK), 1)))
    assert plain == 1 == sum(body.count(b" Tf\n") for body in streams(decorated))


def test_links_lie_where_the_scene_has_them() -> None:
    """In points from the lower left; addresses that would run something are left out."""
    page = ScenePage(
        "page", 200, 100, Group((rect(0, 0, 200, 100, WHITE),)),
        ((Rect(20, 20, 40, 10), "https://example.org/(a)"), (Rect(0, 0, 9, 9), "javascript:alert(1)")),
    )  # fmt: skip
    data = formats.get("pdf").encode(Scene((page,)), OutputOptions(), Meta()).data
    assert re.findall(rb"/Rect \[([^]]*)\]", data) == [b"15 52.5 45 60"]
    assert rb"https://example.org/\(a\)" in data and b"javascript" not in data


@pytest.mark.parametrize(
    ("created", "stamp"),
    [
        (datetime(2026, 11, 22, 9, 8, 7, tzinfo=UTC), b"D:20261122090807Z"),
        (datetime(2026, 11, 22, 9, 8, 7, tzinfo=timezone(timedelta(hours=5, minutes=30))), b"D:20261122090807+05'30'"),
    ],
)
def test_the_document_says_what_it_is_told(created: datetime, stamp: bytes) -> None:
    """Title, language and date come from the caller, never from the clock."""
    data = written(meta=Meta("recipe", "Diplôme", "fr", created))
    assert data.count(b"(%b)" % stamp) == 2 and b"/Lang (fr)" in data
    assert "Diplôme".encode("utf-16-be").hex().upper().encode() in data
    assert b"CreationDate" not in written()


def test_ids_follow_the_recipe() -> None:
    """Equal recipes have equal ids, another recipe another."""
    ids = [re.findall(rb"/ID \[<(\w{32})> <\w{32}>\]", written(meta=Meta(recipe)))[0] for recipe in ("a", "a", "b")]
    assert ids[0] == ids[1] != ids[2]


def test_the_tables_of_the_update_point_to_its_objects() -> None:
    """Each entry of the appended cross-reference table leads to the object of its number."""
    data = written(glyphs("Text", 10, 50, 24), meta=Meta("r", "T", "en", datetime(2026, 1, 1, tzinfo=UTC)))
    start = int(re.findall(rb"startxref\n(\d+)\n%%EOF", data)[-1])
    entries = re.findall(rb"(\d+) 1\n(\d{10}) 00000 n \n", data[start:])
    assert data[start:].startswith(b"xref\n") and len(entries) == 3
    for number, offset in entries:
        assert data[int(offset) :].startswith(b"%b 0 obj\n" % number)
