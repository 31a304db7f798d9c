"""Affine transforms in CSS matrix order, and rectangles."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Affine:
    """`matrix(a, b, c, d, e, f)` of CSS Transforms: x' = a·x + c·y + e, y' = b·x + d·y + f."""

    a: float = 1.0
    b: float = 0.0
    c: float = 0.0
    d: float = 1.0
    e: float = 0.0
    f: float = 0.0

    def then(self, outer: Affine) -> Affine:
        """This transform first, `outer` after it."""
        return Affine(
            outer.a * self.a + outer.c * self.b,
            outer.b * self.a + outer.d * self.b,
            outer.a * self.c + outer.c * self.d,
            outer.b * self.c + outer.d * self.d,
            outer.a * self.e + outer.c * self.f + outer.e,
            outer.b * self.e + outer.d * self.f + outer.f,
        )

    def apply(self, x: float, y: float) -> tuple[float, float]:
        """The image of a point."""
        return self.a * x + self.c * y + self.e, self.b * x + self.d * y + self.f

    @property
    def is_identity(self) -> bool:
        """Whether it changes nothing."""
        return self == IDENTITY

    @property
    def scale(self) -> float:
        """The mean factor by which it scales lengths (the square root of the area factor)."""
        return math.sqrt(abs(self.a * self.d - self.b * self.c))


IDENTITY = Affine()


def translation(x: float, y: float) -> Affine:
    """A move by (x, y) px."""
    return Affine(e=x, f=y)


def scaling(x: float, y: float) -> Affine:
    """A scaling about the origin."""
    return Affine(a=x, d=y)


def rotation(degrees: float) -> Affine:
    """A clockwise rotation about the origin, in degrees; exact at multiples of 90°."""
    quarter, rest = divmod(degrees % 360, 90)
    if rest == 0:  # the remainder of a tiny negative angle rounds to 360 itself
        cos, sin = ((1, 0), (0, 1), (-1, 0), (0, -1))[int(quarter) % 4]
        return Affine(cos, sin, -sin, cos)
    angle = math.radians(degrees)
    return Affine(math.cos(angle), math.sin(angle), -math.sin(angle), math.cos(angle))


def box_transform(x: float, y: float, width: float, height: float, degrees: float, flip: str = "none") -> Affine:
    """From a box's own coordinates (0…width, 0…height) to its parent's: flipped and rotated about its centre."""
    centre = translation(-width / 2, -height / 2)
    if flip != "none":
        centre = centre.then(
            scaling(-1 if flip in ("horizontal", "both") else 1, -1 if flip in ("vertical", "both") else 1)
        )
    if degrees % 360:
        centre = centre.then(rotation(degrees))
    return centre.then(translation(x + width / 2, y + height / 2))


@dataclass(frozen=True, slots=True)
class Rect:
    """An axis-aligned rectangle in px."""

    x: float
    y: float
    width: float
    height: float

    @property
    def right(self) -> float:
        """x + width."""
        return self.x + self.width

    @property
    def bottom(self) -> float:
        """y + height."""
        return self.y + self.height

    def union(self, other: Rect) -> Rect:
        """The smallest rectangle that holds both."""
        x, y = min(self.x, other.x), min(self.y, other.y)
        return Rect(x, y, max(self.right, other.right) - x, max(self.bottom, other.bottom) - y)

    def outset(self, by: float) -> Rect:
        """Grown by `by` px on every side."""
        return Rect(self.x - by, self.y - by, self.width + 2 * by, self.height + 2 * by)

    def moved(self, x: float, y: float) -> Rect:
        """Translated by (x, y) px."""
        return Rect(self.x + x, self.y + y, self.width, self.height)

    def quad(self, transform: Affine) -> tuple[tuple[float, float], ...]:
        """The four corners after `transform`, clockwise from the top left."""
        corners = ((self.x, self.y), (self.right, self.y), (self.right, self.bottom), (self.x, self.bottom))
        return tuple(transform.apply(x, y) for x, y in corners)

    def bounds(self, transform: Affine) -> Rect:
        """The axis-aligned bounds after `transform`."""
        if transform.b == 0 == transform.c:
            # Most are not turned: two corners tell all.
            x, right = transform.a * self.x + transform.e, transform.a * self.right + transform.e
            y, bottom = transform.d * self.y + transform.f, transform.d * self.bottom + transform.f
            return Rect(min(x, right), min(y, bottom), abs(right - x), abs(bottom - y))
        xs, ys = zip(*self.quad(transform), strict=True)
        return Rect(min(xs), min(ys), max(xs) - min(xs), max(ys) - min(ys))


def grown(width: float, height: float, extra: float, align: str) -> Rect:
    """A box made higher for text that needs more room, away from the side (top, middle, bottom) it is aligned to."""
    extra = max(0.0, extra)
    return Rect(0, -{"top": 0.0, "middle": 0.5, "bottom": 1.0}[align] * extra, width, height + extra)
