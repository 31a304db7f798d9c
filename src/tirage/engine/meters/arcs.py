"""Arcs and ticks on a circle → path commands; angles in turns clockwise from the top."""

from __future__ import annotations

import math

from tirage.engine.values.outline import Command, polygon


def arc(x: float, y: float, radius: float, start: float, end: float) -> tuple[Command, ...]:
    """An open arc about (x, y), as cubic curves of an eighth of a turn at most; a whole turn is closed."""
    steps = max(1, math.ceil(abs(end - start) * 8 - 1e-9))
    step = (end - start) / steps
    reach = 4 / 3 * math.tan(step * math.tau / 4) * radius
    px, py = point(x, y, radius, start)
    commands: list[Command] = [("M", (px, py))]
    for index in range(steps):
        a, b = start + index * step, start + (index + 1) * step
        (ax, ay), (bx, by) = point(x, y, radius, a), point(x, y, radius, b)
        (tax, tay), (tbx, tby) = _tangent(a), _tangent(b)
        commands.append(("C", (ax + tax * reach, ay + tay * reach, bx - tbx * reach, by - tby * reach, bx, by)))
    if abs(end - start) >= 1 - 1e-9:
        commands.append(("Z", ()))
    return tuple(commands)


def sector(x: float, y: float, inner: float, outer: float, start: float, end: float) -> tuple[Command, ...]:
    """A slice of a ring, or of a disc where `inner` is 0; a whole turn is a ring without an edge."""
    there = arc(x, y, outer, start, end)
    if abs(end - start) >= 1 - 1e-9:
        return (*there, *arc(x, y, inner, end, start)) if inner else there
    if not inner:
        return (*there, ("L", (x, y)), ("Z", ()))
    back = arc(x, y, inner, end, start)
    return (*there, ("L", back[0][1]), *back[1:], ("Z", ()))


def tick(x: float, y: float, inner: float, outer: float, turn: float, width: float) -> tuple[Command, ...]:
    """A bar that points to the middle, `width` px broad."""
    dx, dy = math.sin(turn * math.tau), -math.cos(turn * math.tau)
    nx, ny = -dy * width / 2, dx * width / 2
    (ax, ay), (bx, by) = (x + dx * inner, y + dy * inner), (x + dx * outer, y + dy * outer)
    return polygon(((ax + nx, ay + ny), (bx + nx, by + ny), (bx - nx, by - ny), (ax - nx, ay - ny)))


def point(x: float, y: float, radius: float, turn: float) -> tuple[float, float]:
    """A point of the circle."""
    return x + radius * math.sin(turn * math.tau), y - radius * math.cos(turn * math.tau)


def _tangent(turn: float) -> tuple[float, float]:
    return math.cos(turn * math.tau), math.sin(turn * math.tau)
