"""The simulation of many machines: it agrees with arithmetic where that is known, and with the page that shows it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from bench.scale import CARD, CHEAP, TABLES, Site, simulate, table

PAGE = Path(__file__).resolve().parent.parent / "docs" / "explanation" / "scale.md"


def test_machines_add_up_until_something_is_full() -> None:
    """One machine draws what its cores give; twenty draw twenty times that, while the database has room."""
    alone = simulate(CARD, Site(1)).rate
    assert alone == pytest.approx(8 / CARD.picture, rel=0.05)
    assert simulate(CARD, Site(5)).rate == pytest.approx(5 * alone, rel=0.05)
    large = simulate(CARD, Site(20, database=256))
    assert large.rate == pytest.approx(20 * alone, rel=0.05) and large.limit == "drawing"


def test_the_database_bounds_all_of_them() -> None:
    """No number of machines records more rows than its cores do; twice the cores record twice as many."""
    found = simulate(CHEAP, Site(100, batches=8))
    assert found.limit == "database" and found.rate <= 1.2 * 8 / CHEAP.record
    assert simulate(CHEAP, Site(100, database=16, batches=8)).rate == pytest.approx(2 * found.rate, rel=0.1)


def test_one_batch_has_a_limit_of_its_own_that_several_do_not_share() -> None:
    """The lock of a batch is held once a chunk: with a large database that is the limit, for each batch anew."""
    site = Site(100, database=256)
    one = simulate(CHEAP, site)
    assert one.limit == "the batch's lock" and one.rate <= 1.1 * 200 / CHEAP.settle
    assert simulate(CHEAP, replace(site, batches=4)).rate > 2 * one.rate


def test_a_worker_process_is_one_core() -> None:
    """However many cores a machine has, one worker hands out no more than its own process can."""
    found = simulate(CARD, Site(1, cores=64, workers=1))
    assert found.rate == pytest.approx(1 / CARD.parent, rel=0.05)


def test_the_page_shows_what_is_simulated() -> None:
    """Its tables are those that `python -m bench.scale` prints."""
    text = PAGE.read_text(encoding="utf-8")
    for name, (costs, sites) in TABLES.items():
        assert f"<!-- {name} -->\n{table(costs, sites)}\n" in text
