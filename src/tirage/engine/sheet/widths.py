"""What the cells of each column ask for → the columns' widths, px (after CSS 2.2, 17.5.2.2, and CSS Grid 2, 12)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tirage.engine.sheet.columns import Track

LEAST = 4.0
"""px that a column keeps, however little room there is."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a column's content asks for, px: at least its longest word, at best its longest line."""

    least: float
    best: float


def widths_of(tracks: Sequence[Track], asked: Sequence[Asked], room: float) -> tuple[float, ...]:
    """The widths; together at most as broad as the room.

    Fixed columns and percentages come first; columns by content get what they ask for, or a share between their least
    and their best; fractions share what is left, and where there are none, the columns by content do.
    """
    given = [
        track.amount if track.kind == "px" else track.amount * room / 100 if track.kind == "%" else 0.0
        for track in tracks
    ]
    auto = [place for place, track in enumerate(tracks) if track.kind == "auto"]
    shared = [place for place, track in enumerate(tracks) if track.kind == "fr"]
    left = max(0.0, room - sum(given))
    # Fractions are not squeezed below their longest word by columns that could break their lines.
    reserved = sum(asked[place].least for place in shared)
    for place, width in _by_content([asked[place] for place in auto], max(0.0, left - reserved), bool(shared)):
        given[auto[place]] = width
    left = max(0.0, room - sum(given))
    total = sum(tracks[place].amount for place in shared)
    for place in shared:
        given[place] = left * tracks[place].amount / total
    return _within([max(LEAST, width) for width in given], room)


def _by_content(asked: Sequence[Asked], room: float, others_stretch: bool) -> list[tuple[int, float]]:
    best, least = sum(each.best for each in asked), sum(each.least for each in asked)
    if best <= room:
        spare = 0.0 if others_stretch else room - best
        return [
            (place, each.best + spare * (each.best / best if best else 1 / len(asked)))
            for place, each in enumerate(asked)
        ]
    if least >= room:
        return [(place, each.least * room / least) for place, each in enumerate(asked)]
    share = (room - least) / (best - least)
    return [(place, each.least + (each.best - each.least) * share) for place, each in enumerate(asked)]


def _within(widths: list[float], room: float) -> tuple[float, ...]:
    total = sum(widths)
    return tuple(width * room / total for width in widths) if total > room + 0.01 else tuple(widths)
