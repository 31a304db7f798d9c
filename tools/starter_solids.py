"""Solids described by distance functions → lit pictures in linear light: the renders among the starters' pictures."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[Any]
Distance = Callable[[Array], Array]
"""Points, shape (n, 3) → distances to the surface, shape (n,)."""
FAR = 12.0


@dataclass(frozen=True, slots=True)
class Look:
    """A surface: its colours from bottom to top in linear light, over the heights of `span`, and how it reflects."""

    low: tuple[float, float, float]
    high: tuple[float, float, float]
    gloss: float = 0.35
    metal: float = 0.0
    span: tuple[float, float] = (-1.0, 1.0)


@dataclass(frozen=True, slots=True)
class Solid:
    """A body: its distance function and its surface."""

    distance: Distance
    look: Look


@dataclass(frozen=True, slots=True)
class Studio:
    """The light: direction of the key light, colours of sky and ground in linear light, strength of the shadows."""

    key: tuple[float, float, float] = (-0.5, 0.8, 0.65)
    sky: tuple[float, float, float] = (1.0, 1.0, 1.05)
    ground: tuple[float, float, float] = (0.5, 0.42, 0.45)
    rim: tuple[float, float, float] = (1.0, 0.9, 0.85)
    shadow: float = 0.75


def floats(values: ArrayLike) -> Array:
    """Numbers as an array of 32-bit floats."""
    return np.asarray(values, np.float32)


def rgb(code: str) -> tuple[float, float, float]:
    """A colour such as `#ff8800` in linear light."""
    values = (int(code[index : index + 2], 16) / 255 for index in (1, 3, 5))
    red, green, blue = (((v + 0.055) / 1.055) ** 2.4 if v > 0.04045 else v / 12.92 for v in values)
    return red, green, blue


def sphere(x: float, y: float, z: float, radius: float) -> Distance:
    """A ball."""
    return lambda p: _length(p - floats([x, y, z])) - floats(radius)


def box(x: float, y: float, z: float, half: tuple[float, float, float], round_by: float) -> Distance:
    """A box with rounded edges; `half` are its half sides, the rounding included."""

    def distance(p: Array) -> Array:
        q = np.abs(p - floats([x, y, z])) - (floats(half) - floats(round_by))
        outside = _length(np.maximum(q, 0))
        return np.asarray(outside + np.minimum(q.max(axis=1), 0) - floats(round_by), np.float32)

    return distance


def torus(x: float, y: float, z: float, radius: float, tube: float, axis: int = 2) -> Distance:
    """A ring about `axis` (0 x, 1 y, 2 z)."""
    first, second = (index for index in range(3) if index != axis)

    def distance(p: Array) -> Array:
        q = p - floats([x, y, z])
        ring = np.hypot(q[:, first], q[:, second]) - floats(radius)
        return np.asarray(np.hypot(ring, q[:, axis]) - floats(tube), np.float32)

    return distance


def capsule(start: tuple[float, float, float], end: tuple[float, float, float], radius: float) -> Distance:
    """A rod with round ends."""
    a, b = floats(start), floats(end)

    def distance(p: Array) -> Array:
        along = np.clip((p - a) @ (b - a) / np.dot(b - a, b - a), 0, 1)[:, None]
        return np.asarray(_length(p - a - along * (b - a)) - floats(radius), np.float32)

    return distance


def cylinder(
    x: float, y: float, z: float, radius: float, half: float, round_by: float, axis: int = 0, flat: float = 1.0
) -> Distance:
    """A disc or drum about `axis` with rounded rims; `flat` squeezes it along z."""
    first, second = (index for index in range(3) if index != axis)

    def distance(p: Array) -> Array:
        q = p - floats([x, y, z])
        if flat != 1.0:
            q = q / floats([1, 1, flat])
        across = np.hypot(q[:, first], q[:, second]) - floats(radius - round_by)
        along = np.abs(q[:, axis]) - floats(half - round_by)
        corner = np.hypot(np.maximum(across, 0), np.maximum(along, 0))
        return np.asarray(corner + np.minimum(np.maximum(across, along), 0) - floats(round_by), np.float32) * min(
            1.0, flat
        )

    return distance


def arch(x: float, y: float, radius: float, half: tuple[float, float], round_by: float, squeeze: float) -> Distance:
    """A band bent over the upper half of a ring in the xy plane; `half` are its half thickness and half depth."""

    def distance(p: Array) -> Array:
        q = (p - floats([x, y, 0])) * floats([1, squeeze, 1])
        ring = np.hypot(q[:, 0], q[:, 1]) - floats(radius)
        ring = np.where(q[:, 1] >= 0, ring, np.abs(q[:, 0]) - floats(radius))
        below = np.maximum(-q[:, 1] - floats(0.1), 0)
        corner = np.stack([np.abs(ring) - (half[0] - round_by), np.abs(q[:, 2]) - (half[1] - round_by)], axis=1)
        outside = _length(np.maximum(corner, 0))
        inside = np.minimum(corner.max(axis=1), 0)
        return np.asarray((np.hypot(outside, below) + inside - round_by) * 0.8, np.float32)

    return distance


def turned(inner: Distance, degrees: float, axis: int = 2) -> Distance:
    """A body turned about an axis through the origin."""
    angle = np.radians(degrees)
    first, second = (index for index in range(3) if index != axis)
    matrix = np.eye(3, dtype=np.float32)
    matrix[first, first] = matrix[second, second] = np.cos(angle)
    matrix[first, second], matrix[second, first] = -np.sin(angle), np.sin(angle)
    return lambda p: inner(p @ matrix)


def moved(inner: Distance, x: float, y: float, z: float) -> Distance:
    """A body put somewhere else."""
    return lambda p: inner(p - floats([x, y, z]))


def render(
    solids: Sequence[Solid],
    width: int,
    height: int,
    *,
    view: float = 2.6,
    studio: Studio | None = None,
    tilt: float = 0,
) -> tuple[Array, Array]:
    """Colours in linear light, shape (height, width, 3), and coverage 0…1, shape (height, width).

    `view` is the height of the picture in the plane z = 0; the eye looks along −z, `tilt` degrees from above.
    """
    studio = studio or Studio()
    xs = (np.arange(width, dtype=np.float32) + 0.5) / height - width / height / 2
    ys = 0.5 - (np.arange(height, dtype=np.float32) + 0.5) / height
    grid_x, grid_y = np.meshgrid(xs * view, ys * view)
    plane = np.stack([grid_x.ravel(), grid_y.ravel(), np.zeros(width * height, np.float32)], axis=1)
    eye = floats([0, 0, 7.5])
    rays = plane - eye
    rays /= _length(rays)[:, None]
    angle = np.radians(tilt)
    turn = floats([[1, 0, 0], [0, np.cos(angle), np.sin(angle)], [0, -np.sin(angle), np.cos(angle)]])
    rays, eye = rays @ turn, eye @ turn
    depth = np.full(len(rays), 4.0, np.float32)
    hit = np.zeros(len(rays), bool)
    active = np.arange(len(rays))
    for _ in range(90):
        distance = _nearest(solids, eye + rays[active] * depth[active, None])
        depth[active] += distance * floats(0.95)
        near = distance < 0.0012
        hit[active[near]] = True
        active = active[~near & (depth[active] < FAR)]
        if not len(active):
            break
    color = np.zeros((len(rays), 3), np.float32)
    places = np.flatnonzero(hit)
    if len(places):
        color[places] = _shade(solids, eye + rays[places] * depth[places, None], rays[places], studio)
    return color.reshape(height, width, 3), hit.reshape(height, width).astype(np.float32)


def _length(vectors: Array) -> Array:
    return np.asarray(np.sqrt((vectors * vectors).sum(axis=1)), np.float32)


def _nearest(solids: Sequence[Solid], p: Array) -> Array:
    nearest = solids[0].distance(p)
    for solid in solids[1:]:
        nearest = np.minimum(nearest, solid.distance(p))
    return nearest


def _normals(solids: Sequence[Solid], p: Array) -> Array:
    step = floats(0.0015)
    total = np.zeros_like(p)
    for corner in ((1, -1, -1), (-1, -1, 1), (-1, 1, -1), (1, 1, 1)):
        total += floats(corner) * _nearest(solids, p + floats(corner) * step)[:, None]
    return np.asarray(total / np.maximum(_length(total), 1e-9)[:, None], np.float32)


def _shade(solids: Sequence[Solid], p: Array, rays: Array, studio: Studio) -> Array:
    owner = np.argmin(np.stack([solid.distance(p) for solid in solids]), axis=0)
    base, gloss, metal = np.zeros_like(p), np.zeros(len(p), np.float32), np.zeros(len(p), np.float32)
    for index, solid in enumerate(solids):
        mine, look = owner == index, solid.look
        place = np.clip((p[mine, 1] - look.span[0]) / (look.span[1] - look.span[0]), 0, 1)[:, None]
        base[mine] = floats(look.low) * (1 - place) + floats(look.high) * place
        gloss[mine], metal[mine] = look.gloss, look.metal
    normal = _normals(solids, p)
    key = floats(studio.key) / np.linalg.norm(studio.key)
    lit = 1 - studio.shadow * (1 - _soft_shadow(solids, p + normal * 0.01, key))
    open_ = _openness(solids, p, normal)[:, None]
    diffuse = (np.clip(normal @ key, 0, 1) * lit)[:, None]
    up = (normal[:, 1] * 0.5 + 0.5)[:, None]
    ambient = floats(studio.sky) * up + floats(studio.ground) * (1 - up)
    bounce = rays - 2 * (rays * normal).sum(axis=1)[:, None] * normal
    facing = np.clip(-(rays * normal).sum(axis=1), 0, 1)
    edge = (1 - facing)[:, None] ** 4
    mirrored = _softboxes(bounce, studio) * open_
    strength = (0.04 + 0.96 * edge) * gloss[:, None]
    spread = base * (0.95 * diffuse + 0.42 * ambient * open_)
    shine = (np.clip(bounce @ key, 0, 1) ** 60 * lit * gloss * 1.2)[:, None]
    metallic = base * (mirrored * 1.15 + 0.12)
    mixed = spread * (1 - metal[:, None]) + metallic * metal[:, None]
    back = np.clip(normal @ floats([0.8, 0.15, -0.45]), 0, 1)[:, None] ** 2 * 0.35
    return np.asarray(mixed + mirrored * strength + shine + floats(studio.rim) * back * open_ * (base + 0.1))


def _softboxes(direction: Array, studio: Studio) -> Array:
    """What a shiny surface mirrors: a bright horizon above a dark floor, and two tall lamps."""
    up = direction[:, 1:2]
    room = np.where(up > 0, 0.25 + 0.75 * np.clip(up, 0, 1) ** 0.6, 0.25 * np.exp(np.clip(up, -1, 0) * 4))
    left = np.exp(-(((direction[:, 0:1] + 0.72) / 0.14) ** 2)) * (direction[:, 2:3] > -0.3)
    right = np.exp(-(((direction[:, 0:1] - 0.82) / 0.08) ** 2)) * (direction[:, 2:3] > -0.5)
    return np.asarray(floats(studio.sky) * (room + 1.3 * left + 0.8 * right), np.float32)


def _soft_shadow(solids: Sequence[Solid], p: Array, key: Array) -> Array:
    shade, travelled = np.ones(len(p), np.float32), np.full(len(p), 0.03, np.float32)
    for _ in range(22):
        distance = _nearest(solids, p + key * travelled[:, None])
        shade = np.minimum(shade, np.clip(7 * distance / travelled, 0, 1))
        travelled += np.clip(distance, 0.03, 0.25)
    return np.asarray(shade * shade * (3 - 2 * shade), np.float32)


def _openness(solids: Sequence[Solid], p: Array, normal: Array) -> Array:
    closed = np.zeros(len(p), np.float32)
    for step in range(1, 6):
        reach = floats(0.05 * step)
        closed += np.clip(reach - _nearest(solids, p + normal * reach), 0, None) * floats(0.75**step)
    return np.asarray(np.clip(1 - 3.2 * closed, 0, 1))
