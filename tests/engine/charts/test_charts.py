"""Charts draw what their numbers say, at any size, whatever the row brings."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tirage.engine.bind import bind
from tirage.engine.charts.numbers import Numbers
from tirage.engine.charts.ticks import nice_ticks
from tirage.engine.errors import RowProblem, TemplateProblem
from tirage.engine.parse import parse

KINDS = ("bar", "horizontalBar", "line", "area", "pie", "donut", "sparkline", "radar")


def document(width: int = 400, height: int = 300, **layer: Any) -> dict[str, Any]:
    """A white page with a chart over it."""
    return {
        "width": width,
        "height": height,
        "background": "#ffffff",
        "layers": [{"id": "c", "name": "chart", "type": "chart", "width": width, "height": height, **layer}],
    }


def amount(pixels: Any, colour: tuple[int, int, int]) -> int:
    """How many pixels are exactly of a colour."""
    return int((pixels[:, :, :3] == colour).all(axis=2).sum())


@pytest.mark.parametrize("kind", ["bar", "horizontalBar"])
def test_bars_are_as_long_as_their_values(studio: Any, kind: str) -> None:
    """Twice the value, twice the area."""
    made = document(
        chartType=kind, chartDataValues=[[10, None], [None, 20]], stacked=True, barRadius=0,
        palette=["#ff0000", "#00ff00"], legend="none", showAxes=False,
    )  # fmt: skip
    pixels = studio.pixels(made)
    assert amount(pixels, (0, 255, 0)) == pytest.approx(2 * amount(pixels, (255, 0, 0)), rel=0.02)


def test_slices_are_as_large_as_their_values(studio: Any) -> None:
    """Three to one."""
    made = document(chartType="pie", chartDataValues=[30, 10], palette=["#ff0000", "#00ff00"], showValues=False)
    pixels = studio.pixels(made)
    assert amount(pixels, (255, 0, 0)) == pytest.approx(3 * amount(pixels, (0, 255, 0)), rel=0.04)


def test_negative_bars_hang_below_zero(studio: Any) -> None:
    """Equal amounts to both sides of the axis."""
    made = document(chartDataValues=[10, -10], palette=["#ff0000"], barRadius=0, showAxes=False)
    red = (studio.pixels(made)[:, :, :3] == (255, 0, 0)).all(axis=2)
    assert int(red[:150].sum()) == pytest.approx(int(red[150:].sum()), rel=0.03)


def test_a_missing_value_is_a_gap_not_a_zero(studio: Any) -> None:
    """A line with a hole has fewer pixels than one through zero, and no dip."""
    holed = studio.pixels(document(chartType="line", chartDataValues=[5, 5, None, 5, 5], palette=["#ff0000"]))
    dipped = studio.pixels(document(chartType="line", chartDataValues=[5, 5, 0, 5, 5], palette=["#ff0000"]))
    assert amount(holed, (255, 0, 0)) < amount(dipped, (255, 0, 0))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [(60, 40), (300, 200), (1600, 900)])
@pytest.mark.parametrize(
    "values",
    [[1], [0, 0, 0], [3, None, -2, 7], [[1, 2, 3], [3, 2, 1]], [1e15, -1e15, 1e-9], [5e-324], list(range(200))],
)
def test_every_kind_draws_any_numbers_at_any_size(studio: Any, kind: str, size: tuple[int, int], values: Any) -> None:
    """Tiny, usual and large boxes; one value, none, many, huge."""
    labels = [f"A rather long label {index}" for index in range(8)]
    made = document(*size, chartType=kind, chartDataValues=values, chartDataLabels=labels, showValues=True, smooth=True)
    assert studio.pixels(made).shape[:2] == (size[1], size[0])


@pytest.mark.parametrize("values", [[], [None, None], [[], []]])
def test_a_chart_without_values_is_told(studio: Any, values: Any) -> None:
    """Nothing is drawn, and the report says why."""
    assert [each.code for each in studio.render(document(chartDataValues=values)).report.warnings] == ["chart_empty"]


def test_labels_never_lie_on_each_other(studio: Any) -> None:
    """Long labels wrap, many are shown every so many: no two share a pixel column with ink of both."""
    for labels in ([f"Day {index}" for index in range(1, 32)], ["First quarter", "Second quarter", "Third quarter"]):
        made = document(500, 300, chartDataValues=[1] * len(labels), chartDataLabels=labels, palette=["#ffffff"],
                        chartLabelColor="#000000", showGrid=False, gridColor="#ffffff")  # fmt: skip
        band = (studio.pixels(made)[265:, :, :3] < 128).any(axis=(0, 2))
        gaps = [length for length, ink in _runs(band) if not ink]
        assert len(gaps) >= 3 and max(gaps[1:-1]) >= 6


@pytest.mark.parametrize(
    "chart",
    [
        {"chartDataValues": [1e15, -1e15, 0, None, 3]},
        {"chartDataValues": [-5, -3, -8], "chartDataLabels": ["a", "b", "c"]},
        {"chartType": "horizontalBar", "chartDataValues": [-900_000, 4, 900_000], "chartDataLabels": ["a", "b", "c"]},
        {"chartDataValues": [5, 5, 5], "showAxes": False},
        {"chartType": "line", "chartDataValues": [[5, 2, 5], [5, 1, 0]], "chartDataLabels": ["a", "b", "c"]},
        {"chartType": "bar", "chartDataValues": [1] * 40, "chartDataLabels": [f"Category {n}" for n in range(40)]},
        {
            "chartType": "radar",
            "chartDataValues": [3] * 12,
            "chartDataLabels": [f"A long skill {n}" for n in range(12)],
        },
    ],
)
def test_labels_stay_in_the_box(studio: Any, chart: dict[str, Any]) -> None:
    """Of the largest and the least values, of the outermost places, around a radar: the page around stays white."""
    made = document(300, 200, showValues=True, **chart)
    made |= {"width": 400, "height": 300}
    made["layers"][0] |= {"x": 50, "y": 50}
    ink = (studio.pixels(made)[:, :, :3] < 250).any(axis=2)
    assert ink[50:250, 50:350].any()
    ink[49:251, 49:351] = False
    assert not ink.any()


@pytest.mark.parametrize(
    ("form", "values", "written"),
    [
        ("compact", [0, 5000, 10_000], ["0", "5K", "10K"]),
        ("compact", [1_000_000, 1_000_000.5], ["1,000,000", "1,000,000.5"]),
        ("number", [0, 1e-9, 2e-9], ["0.000000000", "0.000000001", "0.000000002"]),
        ("percent", [0, 0.002, 0.004], ["0.0%", "0.2%", "0.4%"]),
        ("currency", [0, 2500], ["€0", "€2,500"]),
        ("currency", [0, 2.5], ["€0.00", "€2.50"]),
        ("currency", [0, 0.002], ["€0.000", "€0.002"]),
    ],
)
def test_ticks_that_differ_are_written_differently(form: Any, values: list[float], written: list[str]) -> None:
    """As short as that is possible."""
    write = Numbers(form, "EUR", None, "en").writer(values, differ=1.0)
    assert [write(each) for each in values] == written


def test_a_legend_runs_as_its_language_does(studio: Any) -> None:
    """In Arabic the first series stands at the right, its key right of its name."""
    made = document(
        chartType="line", chartDataValues=[[1, 2], [2, 1]], seriesNames=["A", "B"], palette=["#ff0000", "#0000ff"]
    )
    for locale, order in (("en", -1), ("ar", 1)):
        legend = studio.pixels({**made, "settings": {"locale": locale}})[-20:, :, :3]
        first, second = ((legend == colour).all(axis=2).any(axis=0).nonzero()[0].mean()
                         for colour in ((255, 0, 0), (0, 0, 255)))  # fmt: skip
        assert (first - second) * order > 0


def test_an_area_stands_on_those_below_where_it_adds_nothing(studio: Any) -> None:
    """A missing value in a stack is no hole in the areas above."""
    made = document(chartType="area", stacked=True, showAxes=False, legend="none", palette=["#ff0000", "#0000ff"])
    made["layers"][0]["chartDataValues"] = [[5, None, 5], [5, 5, 5]]
    holed = studio.pixels(made)
    made["layers"][0]["chartDataValues"] = [[5, 0, 5], [5, 5, 5]]
    assert (studio.pixels(made) == holed).all()


def test_the_keys_of_the_wire_are_those_of_the_layer() -> None:
    """As a client of the wire sends them, as lists and as a cell writes them."""
    template = parse(document())
    keys: dict[str, Any] = {
        "chartColor": "#010203",
        "chartLabelColor": "#040506",
        "chartDataLabels": ["a", "b"],
        "chartDataValues": [1, 2],
    }
    bound = bind(template, None, [{"name": "chart", **keys}])
    assert not bound.warnings
    made = bound.pages[0].layers[0].model_dump()
    assert {key: made[key] for key in keys} == keys
    cells: Any = bind(template, {"chart": "3, 4.5,,6", "chart.chartDataLabels": "x; y, z; w"}).pages[0].layers[0]
    assert cells.chart_data_values == ((3, 4.5, None, 6),) and cells.chart_data_labels == ("x", "y, z", "w")
    nested: Any = bind(template, {"chart": "[[1, 2], [3, null]]"}).pages[0].layers[0]
    assert nested.chart_data_values == ((1, 2), (3, None))


@pytest.mark.parametrize(
    "value", ["a, b", "[1, 2", "nan", "1e400", [1, [2]], [{"a": 1}], [[0]] * 21, [0] * 1001, "1;2;x", [True]]
)
def test_values_that_are_no_numbers_are_refused(value: Any) -> None:
    """In a row and in a template, with a sentence."""
    with pytest.raises(RowProblem, match="chart"):
        bind(parse(document()), None, [{"name": "chart", "chartDataValues": value}])
    with pytest.raises(TemplateProblem):
        parse(document(chartDataValues=value))


def test_numbers_follow_the_locale(studio: Any) -> None:
    """A German chart does not look like an English one."""
    english = document(chartDataValues=[1234.5], valueFormat="number")
    german = {**english, "settings": {"locale": "de"}}
    assert (studio.pixels(english) != studio.pixels(german)).any()


@settings(max_examples=300, deadline=None)
@given(st.floats(-1e12, 1e12), st.floats(0, 1e12), st.integers(1, 12))
def test_ticks_are_few_round_and_cover_the_range(low: float, span: float, count: int) -> None:
    """Equal steps, not many more than asked for, from below to above."""
    ticks = nice_ticks(low, low + span, count)
    width = max(abs(low), span, 1.0)
    assert ticks[0] <= low + width * 1e-6 and ticks[-1] >= low + span - width * 1e-6
    assert 2 <= len(ticks) <= count + 3
    steps = [b - a for a, b in pairwise(ticks)]
    assert max(steps) - min(steps) <= width * 1e-6 and min(steps) > 0


def _runs(line: Any) -> list[tuple[int, bool]]:
    runs: list[tuple[int, bool]] = []
    for ink in line.tolist():
        if runs and runs[-1][1] == ink:
            runs[-1] = (runs[-1][0] + 1, ink)
        else:
            runs.append((1, ink))
    return runs
