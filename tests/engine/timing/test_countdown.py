"""The layer: what it shows, where, and what it tells."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from tirage.engine.bind import bind
from tirage.engine.errors import ResourceProblem, RowProblem, TemplateProblem
from tirage.engine.parse import parse

NOW = "2026-11-23T09:00:00Z"


def document(**layer: Any) -> dict[str, Any]:
    """A white page of 400 × 120 px with one countdown over it."""
    countdown = {"id": "c", "name": "clock", "type": "countdown", "width": 400, "height": 120, "now": NOW}
    return {
        "width": 400,
        "height": 120,
        "background": "#ffffff",
        "layers": [{**countdown, "target": "2026-11-25T12:34:56Z", **layer}],
    }


def columns(pixels: Any) -> Any:
    """The columns in which anything is drawn."""
    return np.flatnonzero((pixels[..., :3] < 200).any(axis=(0, 2)))


def test_it_is_a_picture_of_its_numbers(studio: Any) -> None:
    """Another moment with the same numbers looks the same; other numbers do not."""
    first = studio.pixels(document())
    assert (first == studio.pixels(document(now="2026-11-24T09:00:00Z", target="2026-11-26T12:34:56Z"))).all()
    assert (first != studio.pixels(document(now="2026-11-23T09:00:01Z"))).any()


@pytest.mark.parametrize("size", [None, 12, 48])
@pytest.mark.parametrize("boxes", ["none", "unit", "digit"])
def test_nothing_moves_while_it_counts(studio: Any, size: float | None, boxes: str) -> None:
    """From one second to the next only the digits of the seconds change, also from 10 to 09 and from days to day."""
    looks = {"boxes": boxes, "boxFill": "#eeeeee", "fontSize": size}
    before, after = (
        studio.pixels(document(now=f"2026-11-25T12:34:{second}Z", target="2026-11-26T12:34:56Z", **looks))
        for second in (45, 47)
    )
    changed = np.flatnonzero((before != after).any(axis=(0, 2)))
    across = columns(before)
    # The last quarter of the row is the seconds' own.
    assert changed.min() > across.min() + (across.max() - across.min()) * 0.7


def test_the_row_fits_its_box(studio: Any) -> None:
    """Without a size of its own it is as large as the box allows, whatever is in it, and stays within."""
    for target in ("2026-11-23T09:00:01Z", "2400-01-01"):
        rendered = studio.render(document(target=target, separator=":", boxes="unit", boxFill="#333333"))
        assert rendered.report.warnings == ()
        across = columns(studio.pixels(document(target=target, boxes="unit", boxFill="#333333")))
        assert across.max() - across.min() > 300


def test_a_size_that_does_not_fit_is_told(studio: Any) -> None:
    """The warning names the sizes."""
    warnings = studio.render(document(fontSize=200)).report.warnings
    assert [each.code for each in warnings] == ["countdown_overflow"] and "400" not in warnings[0].message[:14]


def test_units_stand_from_right_to_left_where_they_are_read_so(studio: Any) -> None:
    """The seconds, which have a box of their own colour, are on the left."""
    looks = {"boxes": "unit", "boxFill": "#0000ff", "unitStyles": {"seconds": {"boxFill": "#ff0000"}}}

    def middle_of_red(**more: Any) -> float:
        pixels = studio.pixels(document(**looks, **more))
        return float(np.flatnonzero((pixels[..., :3] == (255, 0, 0)).all(axis=2).any(axis=0)).mean())

    assert middle_of_red(direction="ltr") > 200 > middle_of_red(direction="rtl")
    arabic = {**document(**looks), "settings": {"locale": "ar"}}
    pixels = studio.pixels(arabic)
    assert np.flatnonzero((pixels[..., :3] == (255, 0, 0)).all(axis=2).any(axis=0)).mean() < 200


@pytest.mark.parametrize(("hide", "boxes"), [("none", 4), ("days", 3), ("leading", 2)])
def test_zero_units_may_be_hidden(studio: Any, hide: str, boxes: int) -> None:
    """Days only, or all that lead; what is zero after them stays."""
    looks = {"boxes": "unit", "boxFill": "#ff0000", "color": "#ff0000", "labelPosition": "none"}
    pixels = studio.pixels(document(target="2026-11-23T09:01:00Z", hideZero=hide, **looks))
    row = (pixels[60, :, :3] == (255, 0, 0)).all(axis=1)
    assert int((np.diff(row.astype(int)) == 1).sum() + row[0]) == boxes


def test_what_is_over_is_said_or_stands_at_zero(studio: Any) -> None:
    """The text in the place of the row; without one, zeros. Without a target nothing at all."""
    over = document(target="2026-01-01")
    zeros = document(target=NOW)
    assert (studio.pixels(over) == studio.pixels(zeros)).all()
    said = studio.pixels(document(target="2026-01-01", finishedText="Over"))
    assert (said != studio.pixels(over)).any() and (said[..., :3] < 200).any()
    assert (studio.pixels(document(target="")) == 255).all()


def test_the_clock_is_an_input(studio: Any) -> None:
    """Binding gives the moment to layers that name none; without a clock the layer asks for one."""
    bare = document(now="")
    template = parse(bare)
    assert bind(template, now=datetime(2026, 11, 23, 9, tzinfo=UTC)).overrides == {
        "c": {"now": "2026-11-23T09:00:00+00:00"}
    }
    assert bind(parse(document()), now=datetime(2026, 11, 23, 9, tzinfo=UTC)).overrides == {}
    with pytest.raises(ResourceProblem) as caught:
        studio.render(bare)
    assert caught.value.code == "clock_missing"


def test_bad_moments_are_refused_where_they_stand() -> None:
    """In the template with their pointer, in a row with the layer's name."""
    with pytest.raises(TemplateProblem) as caught:
        parse(document(target="24.12.2026"))
    assert (caught.value.code, caught.value.problems[0].pointer) == ("moment_invalid", "/layers/0/target")
    with pytest.raises(RowProblem) as refused:
        bind(parse(document()), {"clock": "tomorrow"})
    assert refused.value.code == "moment_invalid" and refused.value.problems[0].layer == "clock"


def test_an_unknown_zone_names_the_layer(studio: Any) -> None:
    """It is known only where the zones are: in the layout."""
    with pytest.raises(ResourceProblem) as caught:
        studio.render(document(target="2026-12-24T18:00", timeZone="Mars/Olympus"))
    assert (caught.value.code, caught.value.problems[0].layer) == ("time_zone_unknown", "clock")
