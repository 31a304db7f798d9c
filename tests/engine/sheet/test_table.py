"""The layer: rows where they belong, what does not fit, other tables that go on, both directions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tirage.engine.bind import bind
from tirage.engine.errors import ResourceProblem, RowProblem, TemplateProblem
from tirage.engine.parse import parse

GREEN, RED = (0, 255, 0), (255, 0, 0)


def table(name: str = "table", **more: Any) -> dict[str, Any]:
    """A table layer of 300 × 200 px with rows of 40 px."""
    size = {"width": 300, "height": 200, "minRowHeight": 40, "cellPadding": "4px 8px"}
    return {"id": name, "name": name, "type": "table", **size, **more}


def page(*layers: dict[str, Any]) -> dict[str, Any]:
    """A white page of 300 × 200 px."""
    return {"width": 300, "height": 200, "background": "#ffffff", "layers": list(layers)}


def share(pixels: Any, colour: tuple[int, int, int]) -> float:
    """How many of the pixels are of a colour."""
    return float((pixels[..., :3] == colour).all(axis=2).mean())


def rows_of(count: int, start: int = 1) -> list[list[Any]]:
    """Numbered rows."""
    return [[f"Row {number}", number] for number in range(start, start + count)]


def codes(rendered: Any) -> list[str]:
    """The warnings' codes."""
    return [each.code for each in rendered.report.warnings]


def test_rows_that_fit_are_drawn_and_no_more(studio: Any) -> None:
    """Five of 40 px; a sixth is not drawn in part, and that is told with how many are missing."""
    assert codes(studio.render(page(table(rows=rows_of(5))))) == []
    rendered = studio.render(page(table(rows=rows_of(7))))
    assert codes(rendered) == ["table_overflow"]
    assert rendered.report.warnings[0].message.startswith("2 of 7 rows")
    assert (studio.pixels(page(table(rows=rows_of(7)))) == studio.pixels(page(table(rows=rows_of(5))))).all()


def test_another_table_goes_on_where_one_ends(studio: Any) -> None:
    """On the next page, or the same one; what neither of them shows is told by the last one alone."""
    first, second = table(rows=rows_of(8), height=120), table("more", continues="table", y=120, height=80)
    rendered = studio.render(page(first, second))
    assert codes(rendered) == ["table_overflow"] and rendered.report.warnings[0].layer == "more"
    assert "3 of 8" in rendered.report.warnings[0].message
    below = table(rows=rows_of(2, 4), y=120, height=80)
    whole = studio.pixels(page({**first, "rows": rows_of(3)}, {**below, "id": "b", "name": "b"}))
    assert (studio.pixels(page(first, second)) == whole).all()
    pages = {"pages": [page(table(rows=rows_of(8))), page(table("more", continues="table"))]}
    assert codes(studio.render(pages)) == []
    files = studio.render(pages).files
    alone = studio.render(page(table(rows=rows_of(3, 6)))).files
    assert len(files) == 2 and files[1].data == alone[0].data


def test_a_chain_of_three_shows_every_row_once(studio: Any) -> None:
    """In order, the header on each; zebra stripes go on by the number of the row."""
    looks: dict[str, Any] = {"zebraColor": "#ff0000", "rules": "none", "header": "none", "color": "#ffffff"}
    chain = [
        table("a", rows=rows_of(6), height=80, **looks),
        table("b", continues="a", y=80, height=40, **looks),
        table("c", continues="b", y=120, height=80, **looks),
    ]
    pixels = studio.pixels(page(*chain))
    stripes = [bool((pixels[20 + 40 * row, 5, :3] == RED).all()) for row in range(5)]
    assert stripes == [False, True, False, True, False]


def test_a_row_reaches_the_table_that_goes_on(studio: Any) -> None:
    """The second table is not kept from the row before, although no value touches it."""
    made = page(table(rows=rows_of(1), height=80), table("more", continues="table", y=80, height=120))
    for count in (2, 4, 3):
        pixels = studio.pixels(made, {"table": rows_of(count)})
        bottom = (pixels[80:, :, :3] < 200).any(axis=(1, 2))
        assert bool(bottom.any()) == (count > 2)
        assert int(np.diff(np.flatnonzero(np.diff(bottom.astype(int)) == 1)).size) <= max(0, count - 2)


def test_circles_and_unknown_tables_are_told(studio: Any) -> None:
    """A circle is an error that names its tables; a table that is hidden or not there leaves an empty one."""
    with pytest.raises(ResourceProblem) as caught:
        studio.render(page(table("a", continues="b"), table("b", continues="a")))
    assert caught.value.code == "table_circular" and "a → b → a" in caught.value.problems[0].message
    assert codes(studio.render(page(table(continues="nowhere")))) == ["table_unknown"]


def test_columns_are_mirrored_where_they_are_read_from_the_right(studio: Any) -> None:
    """The first column is on the right, and grounds are a mirror picture."""
    cells = [[{"text": "", "backgroundColor": "#ff0000"}, {"text": "", "backgroundColor": "#00ff00"}]]
    columns = [{"width": "1fr"}, {"width": "2fr"}]
    left = studio.pixels(page(table(rows=cells, columns=columns, keepEmpty=True)))
    right = studio.pixels(page(table(rows=cells, columns=columns, keepEmpty=True, direction="rtl")))
    assert tuple(left[20, 50, :3]) == RED and tuple(left[20, 200, :3]) == GREEN
    assert (left[:, ::-1] == right).all()
    hebrew = {**page(table(rows=cells, columns=columns, keepEmpty=True)), "settings": {"locale": "he"}}
    assert (studio.pixels(hebrew) == right).all()


@pytest.mark.parametrize(("align", "third"), [("auto", 2), ("start", 0), ("center", 1), ("end", 2), ("left", 0)])
def test_cells_are_aligned(studio: Any, align: str, third: int) -> None:
    """A number at the end where nothing else is said."""
    pixels = studio.pixels(page(table(rows=[[7]], columns=[{"align": align}], height=40)))
    inked = np.flatnonzero((pixels[:, :, :3] < 128).all(axis=2).any(axis=0))
    assert int(inked.mean() // 100) == third


def test_header_footer_zebra_and_cells_have_grounds(studio: Any) -> None:
    """Each where it belongs, a cell's own above the column's, and below the lines."""
    made = table(
        columns=[{"title": "A", "backgroundColor": "#0000ff"}, {"title": "B"}],
        rows=[["", ""], ["", {"text": "", "backgroundColor": "#ff0000"}], ["", ""]],
        keepEmpty=True, header="auto", headerBackground="#00ff00", footerRows=1, footerBackground="#ffff00",
        zebraColor="#00ffff", rules="none", headerColor="#00ff00",
    )  # fmt: skip
    pixels = studio.pixels(page(made))
    assert tuple(pixels[20, 5, :3]) == (0, 255, 0) and tuple(pixels[60, 5, :3]) == (0, 0, 255)
    assert tuple(pixels[60, 290, :3]) == (255, 255, 255) and tuple(pixels[100, 290, :3]) == (255, 0, 0)
    assert tuple(pixels[140, 290, :3]) == (255, 255, 0) and tuple(pixels[180, 290, :3]) == (255, 255, 255)


@pytest.mark.parametrize(("rules", "lines"), [("none", 0), ("header", 2), ("rows", 4), ("all", 4)])
def test_rules(studio: Any, rules: str, lines: int) -> None:
    """Below the header and above the footer, or between all rows."""
    made = table(
        rows=[[""]] * 4, columns=[{"title": ""}, {"title": " "}], keepEmpty=True, rules=rules, ruleColor="#ff0000",
        ruleWidth=2, footerRows=1, header="auto",
    )  # fmt: skip
    pixels = studio.pixels(page(made))
    column = (pixels[:, 20, :3] == RED).all(axis=1)
    assert int((np.diff(column.astype(int)) == 1).sum()) == lines


def test_long_words_and_texts_break_and_make_rows_higher(studio: Any) -> None:
    """Unless so many lines are allowed and no more; nothing leaves its column."""
    text = "Donaudampfschifffahrtsgesellschaftskapitän of the upper Danube and all of its tributaries"
    free = studio.pixels(page(table(rows=[[text, "x"]], columns=[{"width": 120}, {"width": "1fr"}])))
    inked = np.flatnonzero((free[:, :, :3] < 128).all(axis=2).any(axis=1))
    assert inked.max() > 80
    cut = studio.pixels(page(table(rows=[[text, "x"]], columns=[{"width": 120}, {"width": "1fr"}], maxLines=1)))
    assert np.flatnonzero((cut[:, :, :3] < 128).all(axis=2).any(axis=1)).max() < 40


def test_shrink_makes_room_for_all_rows(studio: Any) -> None:
    """As much as needed, and not below the smallest size: then it is told."""
    fits = table(rows=rows_of(9), minRowHeight=0, fontSize=20, fit="shrink", minFontSize=6)
    assert codes(studio.render(page(fits))) == []
    assert codes(studio.render(page({**fits, "minFontSize": 18}))) == ["table_overflow"]
    few = table(rows=rows_of(2), minRowHeight=0, fontSize=20)
    assert (studio.pixels(page({**few, "fit": "shrink"})) == studio.pixels(page(few))).all()


def test_a_table_that_hugs_is_as_high_as_its_rows(studio: Any) -> None:
    """So that what is around it ends with it."""
    report = studio.render(page(table(rows=rows_of(3), heightMode="hug"))).report
    assert report.layers[0].box.height == pytest.approx(120)


def test_rows_come_from_lists_cells_and_columns(studio: Any) -> None:
    """A JSON cell, a variable, and repeated columns put together by an expression look the same."""
    plain = studio.pixels(page(table(rows=[["Coffee", 3], ["Tea", 2]])))
    assert (studio.pixels(page(table()), {"table": '[["Coffee", 3], ["Tea", 2]]'}) == plain).all()
    repeated = {
        **page(table(rows="{{ [[item1, price1], [item2, price2], [item3, price3]] }}")),
        "variables": [
            {"name": f"{name}{place}", "type": kind}
            for place in (1, 2, 3)
            for name, kind in (("item", "text"), ("price", "number"))
        ],
    }
    row = {"item1": "Coffee", "price1": 3, "item2": "Tea", "price2": 2}
    assert (studio.pixels(repeated, row) == plain).all()


def test_what_is_no_table_is_refused_where_it_stands() -> None:
    """In the template with a pointer, in a row with the layer."""
    with pytest.raises(TemplateProblem) as caught:
        parse(page(table(rows=[[{"text": "a", "bold": True}]])))
    assert (caught.value.code, caught.value.problems[0].pointer) == ("rows_invalid", "/layers/0/rows")
    with pytest.raises(TemplateProblem) as caught:
        parse(page(table(columns=[{"width": "wide"}])))
    assert caught.value.problems[0].pointer == "/layers/0/columns/0/width"
    with pytest.raises(RowProblem) as refused:
        bind(parse(page(table())), {"table": "[1, [2, [3]]]"})
    assert refused.value.code == "rows_invalid" and refused.value.problems[0].layer == "table"


def test_empty_tables_are_nothing(studio: Any) -> None:
    """No rows, no columns, or rows of nothing: no ink and no trouble."""
    for made in (table(), table(rows=[]), table(rows=[[""], [None]]), table(rows=[[]])):
        rendered = studio.render(page(made))
        assert codes(rendered) == [] and (studio.pixels(page(made)) == 255).all()
