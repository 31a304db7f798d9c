"""Children in rows, columns and grids lie where CSS would put them, and follow their content."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.engine.conftest import Studio

from tirage.assets.fontsource import LibraryFonts
from tirage.engine.arrange import Flow, Item, Side, arrange, shares
from tirage.engine.errors import TemplateProblem
from tirage.engine.images import ImageEngine
from tirage.engine.layout import Services
from tirage.engine.parse import parse
from tirage.engine.text import TextEngine
from tirage.engine.values.transform import Rect

SIZES = st.lists(st.tuples(st.floats(1, 200), st.floats(1, 100)), min_size=1, max_size=12)


def box(name: str, width: Any = 40, height: Any = 20, **more: Any) -> dict[str, Any]:
    """A red rectangle."""
    return {"id": name, "name": name, "type": "shape", "width": width, "height": height, "fill": "#ff0000", **more}


def text(name: str, written: str, **more: Any) -> dict[str, Any]:
    """A text that is as large as what is written."""
    return {"id": name, "name": name, "type": "text", "text": written, "fontSize": 20, "widthMode": "hug",
            "heightMode": "hug", **more}  # fmt: skip


def page(children: list[dict[str, Any]], **group: Any) -> dict[str, Any]:
    """A page of 300 × 200 px with one group over it."""
    made = {"id": "g", "name": "g", "type": "group", "width": 300, "height": 200, "children": children, **group}
    return {"width": 300, "height": 200, "background": "#ffffff", "layers": [made]}


def boxes(studio: Any, document: dict[str, Any]) -> dict[str, Any]:
    """Where the layers lie, by name: x, y, width, height."""
    report = studio.render(document).report
    return {each.name: (each.box.x, each.box.y, each.box.width, each.box.height) for each in report.layers}


def test_a_row_looks_like_boxes_placed_by_hand(studio: Any) -> None:
    """Three boxes with gaps and padding."""
    row = page([box("a"), box("b", 60), box("c")], layout="row", gap=10, padding=5)
    hand = page([box("a", x=5, y=5), box("b", 60, x=55, y=5), box("c", x=125, y=5)])
    assert (studio.pixels(row) == studio.pixels(hand)).all()


def test_a_column_and_a_mirrored_row(studio: Any) -> None:
    """Downwards; and from the right."""
    column = boxes(studio, page([box("a"), box("b", 60)], layout="column", gap=8, align="end"))
    assert column["a"][:2] == (260, 0) and column["b"][:2] == (240, 28)
    mirrored = boxes(studio, page([box("a"), box("b", 60)], layout="row", gap=10, direction="rtl"))
    assert mirrored["a"][0] == 260 and mirrored["b"][0] == 190


@pytest.mark.parametrize(
    ("justify", "expected"),
    [
        ("start", [0, 50]),
        ("center", [105, 155]),
        ("end", [210, 260]),
        ("space-between", [0, 260]),
        ("space-around", [52.5, 207.5]),
        ("space-evenly", [70, 190]),
    ],
)
def test_free_room_is_shared_as_css_has_it(studio: Any, justify: str, expected: list[float]) -> None:
    """Two boxes of 40 px and a gap of 10 in 300."""
    found = boxes(studio, page([box("a"), box("b")], layout="row", gap=10, justify=justify))
    assert [found["a"][0], found["b"][0]] == pytest.approx(expected)


def test_fill_takes_what_is_left(studio: Any) -> None:
    """In a row along it, in a column across it; several share."""
    row = boxes(studio, page([box("a"), box("b", widthMode="fill"), box("c", widthMode="fill", heightMode="fill")],
                             layout="row", gap=10))  # fmt: skip
    assert row["b"] == (50, 0, 120, 20) and row["c"] == (180, 0, 120, 200)
    column = boxes(studio, page([box("a", widthMode="fill"), box("b", heightMode="fill")], layout="column"))
    assert column["a"] == (0, 0, 300, 20) and column["b"] == (0, 20, 40, 180)


def test_neighbours_follow_the_length_of_a_text(studio: Any) -> None:
    """A badge stands behind the name, however long it is; the row's measure is the text's own line."""
    short, long = (
        boxes(studio, page([text("name", name), box("badge")], layout="row", gap=10, align="center"))
        for name in ("Ada", "Ada King Lovelace")
    )
    assert short["badge"][0] == pytest.approx(short["name"][2] + 10)
    assert long["badge"][0] == pytest.approx(long["name"][2] + 10) and long["badge"][0] > short["badge"][0] + 80


def test_a_text_that_fills_a_column_wraps_and_pushes_the_next(studio: Any) -> None:
    """Height by content at the width that it is given."""
    found = boxes(studio, page([text("story", "word " * 30, widthMode="fill"), box("after")], layout="column", gap=4))
    assert found["story"][2] == 300 and found["story"][3] > 60
    assert found["after"][1] == pytest.approx(found["story"][3] + 4)


def test_a_hidden_child_takes_no_room(studio: Any) -> None:
    """Not even its gap."""
    found = boxes(studio, page([box("a"), box("b", visible=False), box("c")], layout="row", gap=10))
    assert found["c"][0] == 50 and "b" not in found


def test_groups_hug_groups(studio: Any) -> None:
    """A button is as wide as its words with their padding, also inside another group."""
    button = {"id": "button", "name": "button", "type": "group", "layout": "row", "padding": "8px 16px",
              "widthMode": "hug", "heightMode": "hug", "backgroundColor": "#0000ff",
              "children": [text("words", "Order now")]}  # fmt: skip
    found = boxes(studio, page([button, box("after")], layout="row", gap=10))
    assert found["button"][2] == pytest.approx(found["words"][2] + 32)
    assert found["button"][3] == pytest.approx(found["words"][3] + 16)
    assert found["after"][0] == pytest.approx(found["button"][2] + 10)


def test_rows_wrap_and_grids_have_equal_columns(studio: Any) -> None:
    """Tags go on in a new line; cells share the width."""
    tags = boxes(
        studio, page([box(f"t{index}", 90) for index in range(4)], layout="row", wrap=True, gap=10, crossGap=6)
    )
    assert [tags[f"t{index}"][:2] for index in range(4)] == [(0, 0), (100, 0), (200, 0), (0, 26)]
    grid = boxes(
        studio, page([box(f"c{index}", widthMode="fill") for index in range(5)], layout="grid", columns=3, gap=15)
    )
    assert grid["c4"] == (105, 35, 90, 20) and grid["c2"] == (210, 0, 90, 20)


def test_a_deep_nest_is_drawn(studio: Any) -> None:
    """Thirty groups that hug each other are measured in reasonable numbers."""
    inner: dict[str, Any] = text("t", "deep")
    for index in range(28):
        inner = {"id": f"g{index}", "name": f"g{index}", "type": "group", "layout": "row", "padding": 1,
                 "widthMode": "hug", "heightMode": "hug", "children": [inner]}  # fmt: skip
    found = boxes(studio, page([inner], layout="column"))
    assert found["g27"][2] == pytest.approx(found["t"][2] + 56)


def test_baselines_are_common(studio: Any) -> None:
    """Texts of two sizes stand on one line, as does a box; the row is as high as it takes."""
    row = {"id": "r", "name": "r", "type": "group", "layout": "row", "align": "baseline", "widthMode": "hug",
           "heightMode": "hug", "children": [text("price", "49", fontSize=60), text("unit", "a month"),
           box("b")]}  # fmt: skip
    report = {each.name: each for each in studio.render(page([row])).report.layers}
    lines = [report[name].box.y + report[name].text.lines[0].baseline for name in ("price", "unit")]
    assert lines[0] == pytest.approx(lines[1]) and report["b"].box.bottom == pytest.approx(lines[0])
    assert report["unit"].box.y > 20 and report["r"].box.height == pytest.approx(report["price"].box.height)


def test_fillers_share_by_weight_within_bounds(studio: Any) -> None:
    """Twice the weight is twice the room; who is at a bound leaves the rest to the others."""

    def widths(*more: dict[str, Any]) -> list[float]:
        found = boxes(
            studio, page([box(str(i), widthMode="fill", **each) for i, each in enumerate(more)], layout="row")
        )
        return [found[str(i)][2] for i in range(len(more))]

    assert widths({"grow": 2}, {}) == [200, 100]
    assert widths({"maxWidth": 50}, {}, {"grow": 4}) == pytest.approx([50, 50, 200])
    assert widths({"minWidth": "50%"}, {}, {}) == pytest.approx([150, 75, 75])
    assert widths({"minWidth": 250}, {"minWidth": 80}) == pytest.approx([250, 80])


def test_bounds_hold_outside_of_layouts_as_well(studio: Any) -> None:
    """A text hugs its words up to a width, and breaks there."""
    document = page([text("t", "word " * 20, maxWidth=120), box("b", minWidth=70, maxHeight="5%")])
    found = boxes(studio, document)
    assert found["t"][2] <= 120 and found["t"][3] > 60 and found["b"] == (0, 0, 70, 10)


def test_columns_of_a_grid_are_px_percent_shares_and_content(studio: Any) -> None:
    """As CSS has it; a list may be one text."""
    cells = [box("a", widthMode="fill"), box("b", 30), box("c", widthMode="fill"), box("d", 55)]
    listed = boxes(studio, page(cells, layout="grid", gap=10, columns=[60, "auto", "1fr", "20%"]))
    assert [listed[name][::2] for name in "abcd"] == [(0, 60), (70, 30), (110, 120), (240, 55)]
    assert boxes(studio, page(cells, layout="grid", gap=10, columns="60 auto 1fr 20%")) == listed
    shares = boxes(studio, page(cells, layout="grid", columns=["1fr", "2fr"]))
    assert shares["a"] == (0, 0, 100, 20) and shares["d"] == (100, 20, 55, 20)


@pytest.mark.parametrize("columns", [0, 101, [], ["1 fr"], ["0fr"], [-1], [True], "wide", [[1]], {"a": 1}, 1.5, None])
def test_columns_that_are_none_are_refused(columns: Any) -> None:
    """With what they may be."""
    with pytest.raises(TemplateProblem) as caught:
        parse(page([], layout="grid", columns=columns))
    assert caught.value.code == "columns_invalid" and caught.value.problems[0].pointer == "/layers/0/columns"


def test_a_picture_hugs_by_its_ratio(studio: Any, picture: Any) -> None:
    """Twice as wide as high: from a height, from a width, by its own size, filling a column."""

    def size(**more: Any) -> tuple[float, float]:
        layer = {"id": "p", "name": "p", "type": "image", "imageUrl": "a.png", **more}
        group = page([layer], layout="column")
        free = {**group, "layers": [layer]}
        found = [
            {each.name: each.box for each in studio.render(made, None, {"a.png": picture(40, 20)}).report.layers}["p"]
            for made in (group, free)
        ]
        assert found[0] == found[1] or more["widthMode"] == "fill"
        return found[0].width, found[0].height

    assert size(height=60, widthMode="hug") == (120, 60)
    assert size(width=60, heightMode="hug", widthMode="fixed") == (60, 30)
    assert size(widthMode="hug", heightMode="hug") == (40, 20)
    assert size(widthMode="fill", heightMode="hug") == (300, 150)
    assert size(widthMode="hug", heightMode="hug", maxWidth=20) == (20, 10)


def test_nested_groups_are_measured_once_for_each_width() -> None:
    """Thirty groups that hug each other set their text a few times, not twice as often with each of them."""

    class Counting(TextEngine):
        asked = 0

        def set(self, spec: Any) -> Any:
            self.asked += 1
            return super().set(spec)

    def asked(depth: int) -> int:
        inner: dict[str, Any] = text("t", "deep")
        for index in range(depth):
            tied = {"anchor": {"left": {"layer": "t" if index == 0 else f"g{index - 1}"}}}
            inner = {"id": f"g{index}", "name": f"g{index}", "type": "group", "layout": "row", "align": "baseline",
                     "widthMode": "hug", "heightMode": "hug",
                     "children": [inner, box(f"b{index}", **tied)]}  # fmt: skip
        fonts = LibraryFonts()
        engine = Counting(fonts)
        Studio(Services(engine, ImageEngine()), fonts).render(page([inner], layout="column"))
        return engine.asked

    assert asked(28) <= asked(2) + 26 * 2


def test_a_pdf_has_the_same_places(studio: Any) -> None:
    """Layout knows nothing of the format."""
    made = page([text("name", "Ada King Lovelace"), box("badge")], layout="row", gap=10)
    report = studio.render(made, output="pdf").report
    places = {each.name: each.box.x for each in report.layers}
    assert places["badge"] == pytest.approx(boxes(studio, made)["badge"][0], abs=0.5)


@given(
    SIZES,
    st.floats(0, 40),
    st.sampled_from(["start", "center", "end", "space-between", "space-around", "space-evenly"]),
)
def test_neighbours_never_overlap(sizes: list[tuple[float, float]], gap: float, justify: Any) -> None:
    """In a row with room enough, each begins a gap behind the one before it, at least."""
    items = [Item(Side(width), Side(height)) for width, height in sizes]
    room = sum(each.width.size for each in items) + gap * (len(items) - 1) + 50
    places = arrange(items, room, 100, Flow("row", gap=gap, justify=justify))
    for one, other in itertools.pairwise(places):
        assert other.x >= one.right + gap - 1e-6
    assert places[0].x >= -1e-6 and places[-1].right <= room + 1e-6


@given(SIZES, st.floats(0, 20), st.floats(10, 500))
def test_wrapped_lines_stay_inside(sizes: list[tuple[float, float]], gap: float, width: float) -> None:
    """Unless an item alone is wider than the row; and no two share a place."""
    places = arrange(
        [Item(Side(wide), Side(tall)) for wide, tall in sizes],
        width,
        500,
        Flow("row", gap=gap, cross_gap=gap, wrap=True),
    )
    assert all(each.right <= width + 1e-6 or each.x == 0 for each in places)
    for index, one in enumerate(places):
        assert not any(_overlap(one, other) for other in places[index + 1 :])


@given(SIZES, st.booleans())
def test_fillers_use_up_the_room(sizes: list[tuple[float, float]], mirrored: bool) -> None:
    """Widths and gaps add up to the row."""
    items = [Item(Side(width, fill=index % 2 == 0), Side(height)) for index, (width, height) in enumerate(sizes)]
    fixed = sum(each.width.size for each in items if not each.width.fill) + 5 * (len(items) - 1)
    places = arrange(items, fixed + 300, 50, Flow("row", gap=5, mirrored=mirrored))
    assert sum(each.width for each in places) + 5 * (len(items) - 1) == pytest.approx(fixed + 300)


BOUNDED = st.lists(st.tuples(st.floats(0.1, 10), st.floats(0, 200), st.floats(0, 400)), min_size=1, max_size=12)


@given(BOUNDED, st.floats(0, 2000))
def test_shares_keep_bounds_and_use_the_room(sides: list[tuple[float, float, float]], room: float) -> None:
    """Each within its bounds; together the room, unless all are at a bound that stops them."""
    made = [Side(0, fill=True, weight=weight, least=least, most=max(least, most)) for weight, least, most in sides]
    found = shares(room, made)
    assert all(each.least - 1e-6 <= size <= each.most + 1e-6 for each, size in zip(made, found, strict=True))
    if sum(each.least for each in made) <= room <= sum(each.most for each in made):
        assert sum(found) == pytest.approx(room, abs=1e-6)


def _overlap(one: Rect, other: Rect) -> bool:
    return (
        one.x < other.right - 1e-6
        and other.x < one.right - 1e-6
        and one.y < other.bottom - 1e-6
        and other.y < one.bottom - 1e-6
    )
