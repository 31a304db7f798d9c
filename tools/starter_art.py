"""Draws the pictures that the starters show until a row brings others: `python tools/starter_art.py [NAME …]`."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyvips
from starter_solids import (
    Array,
    Look,
    Solid,
    Studio,
    arch,
    box,
    capsule,
    cylinder,
    floats,
    moved,
    render,
    rgb,
    sphere,
    torus,
    turned,
)

HOME = Path(__file__).parent.parent / "src" / "tirage" / "starters"


def smooth(edge: float, other: float, values: Array) -> Array:
    """0 below `edge`, 1 above `other`, a smooth step between."""
    place = np.clip((values - edge) / (other - edge), 0, 1)
    return np.asarray(place * place * (3 - 2 * place), np.float32)


def ramp(values: Array, *stops: tuple[float, str]) -> Array:
    """Colours along a scale, in linear light, shape (…, 3)."""
    colors = floats([rgb(code) for _, code in stops])
    places = [place for place, _ in stops]
    return np.stack([np.interp(values, places, colors[:, channel]) for channel in range(3)], axis=-1).astype(np.float32)


def over(below: Array, above: Array | tuple[float, float, float], alpha: Array) -> Array:
    """`above` laid over `below`."""
    return np.asarray(below * (1 - alpha[..., None]) + floats(above) * alpha[..., None], np.float32)


def waves(length: int, seed: int, *, rough: float = 0.55, first: int = 2, octaves: int = 8) -> Array:
    """A jagged line of `length` heights around zero."""
    random = np.random.default_rng(seed)
    line = np.zeros(length)
    at = np.arange(length) / length
    for octave in range(octaves):
        knots = first * 2**octave
        heights = random.uniform(-1, 1, knots + 3)
        line += np.interp(at * knots, np.arange(knots + 3), heights) * rough**octave
    return line.astype(np.float32)


def field(width: int, height: int, cells: int, seed: int) -> Array:
    """Smooth noise of about −1…1, shape (height, width)."""
    random = np.random.default_rng(seed)
    down = max(2, round(cells * height / width))
    coarse = pyvips.Image.new_from_array(random.uniform(-1, 1, (down + 3, cells + 3)).astype(np.float32))
    scale = max(width / cells, height / down)
    large = coarse.resize(scale, kernel="cubic").crop(int(scale), int(scale), width, height)
    return np.asarray(large.numpy(), np.float32).reshape(height, width)


def encode(color: Array, place: str, *, alpha: Array | None = None, quality: int = 82, shrink: float = 1) -> None:
    """Linear light → sRGB with a little grain → a file."""
    random = np.random.default_rng(5)
    values = np.clip(color, 0, 1)
    values = np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** (1 / 2.4) - 0.055) * 255
    if alpha is None:
        values = values + random.normal(0, 1.1, values.shape[:2])[..., None]
    else:
        values = np.concatenate([values, alpha[..., None] * 255], axis=2)
    image = pyvips.Image.new_from_array(np.clip(values + 0.5, 0, 255).astype(np.uint8)).copy(interpretation="srgb")
    if shrink != 1:
        image = image.resize(1 / shrink)
    file = HOME / place
    file.parent.mkdir(parents=True, exist_ok=True)
    if alpha is None:
        image.write_to_file(f"{file}", Q=quality, optimize_coding=True, subsample_mode="on", keep="none")
    else:
        image.write_to_file(f"{file}", Q=quality, alpha_q=90, effort=6, keep="none")
    print(f"{place}: {image.width}×{image.height}, {file.stat().st_size // 1024} KiB")


def tone(color: Array) -> Array:
    """Bright lights rolled off softly."""
    return np.asarray(color / (1 + 0.12 * color), np.float32)


def dusk() -> None:
    """A mountain lake after sunset, upright."""
    width, height = 1080, 1920
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    horizon = 1180.0
    sky = ramp(
        y / horizon, (0, "#141a3c"), (0.3, "#2f2a63"), (0.55, "#7b3f7d"), (0.76, "#dd6f6b"), (0.9, "#f8ab73"),
        (1.0, "#ffdca6"),
    )  # fmt: skip
    sun = np.exp(-(((x - 660) / 520) ** 2 + ((y - 1010) / 330) ** 2))
    sky = over(sky, rgb("#ffd9a0"), sun * 0.55)
    cloud = field(width, 6 * height, 3, 3)[::6] * 0.6 + field(width, 5 * height, 7, 4)[::5] * 0.4
    streak = smooth(0.1, 0.9, cloud) * smooth(240, 700, y)
    sky = over(sky, rgb("#ffb08a"), streak * smooth(1150, 700, y) * 0.42)
    disc = smooth(62, 58, np.hypot(x - 660, y - 1010))
    sky = over(sky, (1.0, 0.93, 0.78), disc)
    random = np.random.default_rng(11)
    for _ in range(260):
        at_x, at_y = int(random.uniform(0, width - 2)), int(random.triangular(0, 0, 640))
        sky[at_y : at_y + 2, at_x : at_x + 2] += floats(random.uniform(0.05, 0.5) * (1 - at_y / 700))
    picture = sky
    ridges = [
        (905, 120, 21, "#d98a8c", 0.52), (985, 130, 34, "#a9688b", 0.54), (1050, 110, 5, "#744f80", 0.55),
        (1110, 84, 60, "#473c6b", 0.56), (1160, 50, 77, "#2a2b52", 0.6),
    ]  # fmt: skip
    for index, (level, reach, seed, code, rough) in enumerate(ridges):
        edge = level - waves(width, seed, rough=rough, first=2 + index) * reach
        inside = smooth(-1, 1, np.asarray(y - edge[None, :]))
        mist = smooth(level - reach * 0.5, level + 150 - 14 * index, y)
        body = over(np.broadcast_to(floats(rgb(code)), sky.shape), rgb("#ffc7a0"), mist * (0.5 - 0.085 * index))
        picture = over(picture, body, inside)
    lake = picture[: int(horizon)][::-1]
    rows = np.clip(np.arange(height - int(horizon)) * 1.28, 0, len(lake) - 1).astype(int)
    shift = (np.sin(rows[:, None] * 0.9 + waves(width, 9, first=3)[None, :] * 6) * (2 + rows[:, None] * 0.02)).astype(
        int
    )
    columns = np.clip(np.arange(width)[None, :] + shift, 0, width - 1)
    water = lake[rows[:, None], columns] * floats([0.74, 0.7, 0.84])
    ripple = field(width, len(rows), 40, 2)[:, ::1] * smooth(0, 500, np.arange(len(rows), dtype=np.float32))[:, None]
    picture[int(horizon) :] = np.clip(water * (1 + 0.12 * ripple[..., None]), 0, 1)
    shore = 1500 + waves(width, 41, rough=0.5, first=2) * 40 + np.abs(np.linspace(-1, 1, width)) * -90
    trees = shore.copy()
    at = 0.0
    while at < width:
        size = random.uniform(40, 190) * (0.45 + 0.75 * abs(at / width - 0.5) * 2)
        reach = int(size * 0.19) + 3
        for column in range(max(0, int(at) - reach), min(width, int(at) + reach)):
            away = abs(column - at) / reach
            jag = 0.13 * (1 - ((1 - away) * 7 % 1)) * (away > 0.06)
            trees[column] = min(trees[column], shore[column] - size * (1 - away - jag) + 8)
        at += random.uniform(9, 34)
    ground = smooth(-1.2, 1.2, np.asarray(y - trees[None, :].astype(np.float32)))
    picture = over(picture, ramp(smooth(1300, 1900, y), (0, "#171a38"), (1, "#0b0d20")), ground)
    encode(picture, "story/assets/dusk.jpg", quality=80)


def stage() -> None:
    """Beams of light over a crowd."""
    width, height = 1200, 640
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    picture = ramp(y / height, (0, "#0b0720"), (0.6, "#251055"), (1, "#3d1168"))
    haze = field(width, height, 6, 1) * 0.5 + field(width, height, 15, 2) * 0.3 + 0.8
    for at, lean, code, strength in (
        (130, 0.55, "#ff3d8b", 1.0), (330, 0.22, "#8f5bff", 1.1), (520, -0.05, "#ff8a4c", 1.0),
        (700, 0.1, "#42b8ff", 1.1), (900, -0.28, "#ff3d8b", 1.0), (1080, -0.6, "#9a5bff", 1.2),
    ):  # fmt: skip
        away = (x - at - lean * y) / (10 + 0.13 * y)
        beam = np.exp(-(away**2)) * (0.3 + 0.7 * np.exp(-y / 330)) * haze * strength
        picture = picture + floats(rgb(code)) * beam[..., None] * 0.8
        lamp = np.exp(-np.hypot(x - at, (y - 6) * 1.4) / 13)
        picture = picture + floats([1, 0.95, 0.95]) * lamp[..., None] * 1.6
    glow = np.exp(-(((x - 600) / 480) ** 2 + ((y - 560) / 150) ** 2))
    picture = picture + floats(rgb("#ff5f9e")) * glow[..., None] * 0.75
    random = np.random.default_rng(3)
    for _ in range(46):
        at_x, at_y, size = random.uniform(0, width), random.uniform(40, 430), random.uniform(4, 20)
        disc = smooth(size, size * 0.82, np.hypot(x - at_x, y - at_y)) * random.uniform(0.03, 0.16)
        code = random.choice(["#ffb3d1", "#c9a9ff", "#ffd0a6", "#a9dcff"])
        picture = picture + floats(rgb(str(code))) * disc[..., None]
    crowd = 560 + waves(width, 19, rough=0.4, first=8, octaves=3) * 12
    for row, (level, code) in enumerate(((0, "#2a0d52"), (34, "#120628"))):
        mask = smooth(0, 2, np.asarray(y - crowd[None, :] - level - 16))
        for _ in range(62):
            at_x, size = random.uniform(0, width), random.uniform(11, 16) + row * 5
            top = float(crowd[int(at_x)]) + level + random.uniform(-20, 6)
            mask = np.maximum(mask, smooth(size + 1, size - 1, np.hypot(x - at_x, (y - top) * 0.86)))
            body = smooth(size * 1.9 + 1, size * 1.9 - 1, np.hypot(x - at_x, (y - top - size * 2.6)))
            mask = np.maximum(mask, body)
            if random.random() < 0.3:
                lean = random.uniform(-0.35, 0.35)
                arm = np.abs(x - at_x - size - lean * (top - y)) < size * 0.26
                hand = np.hypot(x - at_x - size - lean * 78, (y - top + 80) * 0.8) < size * 0.34
                mask = np.maximum(mask, (arm & (y > top - 78) & (y < top + 30)) | hand)
        picture = over(tone(picture), rgb(code), np.asarray(mask, np.float32))
    encode(picture, "event-ticket/assets/stage.jpg", quality=80)


def silk() -> None:
    """Folds of coloured light."""
    width, height = 1200, 900
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / height
    u, v = x.copy(), y + floats(0.12)
    for step, (frequency, amount) in enumerate(((2.6, 0.5), (3.9, 0.3), (6.1, 0.13), (9.4, 0.05))):
        u, v = (
            u + amount * np.sin(frequency * v + 1.3 * step + 0.7),
            v + amount * np.sin(frequency * u + 2.1 * step + 0.4),
        )
    fold = np.sin(5.2 * u + 3.1 * v)
    shade = np.gradient(fold, axis=0) * 46 + np.gradient(fold, axis=1) * 30
    color = ramp(
        np.asarray(0.5 + 0.5 * np.sin(2.6 * u - 2.3 * v + 0.9 * fold + 2.2)), (0, "#101a5c"), (0.28, "#3a32c8"),
        (0.5, "#8a45e8"), (0.7, "#f0679a"), (0.86, "#ff9f78"), (1, "#ffc894"),
    )  # fmt: skip
    light = np.clip(1.0 + 0.45 * shade, 0.7, 1.7)[..., None]
    sheen = np.clip(shade - 0.42, 0, 1)[..., None] ** 1.5 * 0.6
    encode(tone(color * light + sheen), "open-graph/assets/silk.jpg", quality=80)


def shapes() -> None:
    """Large glossy solids, floating."""
    coral = Look(low=rgb("#f0416c"), high=rgb("#ff9a62"), gloss=0.6)
    violet = Look(low=rgb("#4b2bd6"), high=rgb("#9b7bff"), gloss=0.6)
    cream = Look(low=rgb("#e8c9a8"), high=rgb("#fff3df"), gloss=0.35)
    teal = Look(low=rgb("#0f9a8f"), high=rgb("#6ff0cd"), gloss=0.6)
    solids = [
        Solid(
            moved(turned(turned(torus(0, 0, 0, 0.46, 0.19), 52, 1), 24, 0), 0.36, 0.28, 0.0),
            replace(coral, span=(-0.3, 0.9)),
        ),
        Solid(sphere(-0.34, -0.5, 0.25, 0.36), replace(violet, span=(-0.9, -0.15))),
        Solid(turned(capsule((0.44, -0.62, 0.3), (0.92, -0.24, -0.1), 0.17), 0), replace(cream, span=(-0.8, 0))),
        Solid(
            moved(turned(turned(box(0, 0, 0, (0.21, 0.21, 0.21), 0.06), 35, 1), 28, 0), -0.5, 0.34, 0.1),
            replace(teal, span=(0, 0.7)),
        ),
        Solid(sphere(1.0, 0.86, -0.2, 0.17), replace(violet, span=(0.7, 1.05))),
        Solid(sphere(0.2, -0.96, 0.5, 0.12), replace(coral, span=(-1.1, -0.8))),
        Solid(sphere(-0.86, -0.06, 0.2, 0.09), replace(cream, span=(-0.2, 0.1))),
    ]
    color, cover = render(solids, 1500, 1500, view=2.5, studio=Studio(sky=(1.0, 0.96, 1.2), ground=(0.62, 0.3, 0.6)))
    encode(tone(color), "social-ad/assets/shapes.webp", alpha=cover, quality=80, shrink=1.875)


def headphones() -> None:
    """A pair of headphones, free-standing."""
    shell = Look(low=rgb("#c8502f"), high=rgb("#ff8a5c"), gloss=0.5, span=(-1.0, 0.9))
    pad = Look(low=rgb("#2a2430"), high=rgb("#453b4c"), gloss=0.15)
    metal = Look(low=rgb("#b9b4b4"), high=rgb("#f3efec"), gloss=0.9, metal=0.9)
    solids = [
        Solid(turned(arch(0, 0.02, 0.86, (0.055, 0.15), 0.05, 0.94), -34, 1), shell),
        Solid(turned(arch(0, 0.02, 0.79, (0.04, 0.12), 0.035, 0.94), -34, 1), pad),
    ]
    for side in (-1, 1):
        solids += [
            Solid(turned(capsule((side * 0.86, -0.02, 0), (side * 0.86, -0.36, 0), 0.045), -34, 1), metal),
            Solid(turned(cylinder(side * 0.90, -0.5, 0, 0.40, 0.10, 0.07), -34, 1), shell),
            Solid(turned(cylinder(side * 1.005, -0.5, 0, 0.27, 0.02, 0.015), -34, 1), metal),
            Solid(turned(cylinder(side * 1.02, -0.5, 0, 0.235, 0.02, 0.015), -34, 1), shell),
            Solid(turned(torus(side * 0.74, -0.5, 0, 0.27, 0.115, 0), -34, 1), pad),
            Solid(turned(cylinder(side * 0.80, -0.5, 0, 0.30, 0.03, 0.02), -34, 1), pad),
        ]
    color, cover = render(solids, 1500, 1500, view=2.35, tilt=8)
    encode(tone(color), "product-card/assets/headphones.webp", alpha=cover, quality=84, shrink=1.6667)


def bottles() -> None:
    """A bottle, a jar and a tube on plinths."""
    glass = Look(low=rgb("#2f6b5e"), high=rgb("#6fb39a"), gloss=0.8, span=(-0.6, 0.5))
    white = Look(low=rgb("#e9dccb"), high=rgb("#fffaf2"), gloss=0.4, span=(-0.6, 0.6))
    gold = Look(low=rgb("#b98a4c"), high=rgb("#f5dba6"), gloss=0.9, metal=0.85)
    blush = Look(low=rgb("#e0a08a"), high=rgb("#f8cdb8"), gloss=0.25, span=(-0.9, -0.3))
    solids = [
        Solid(cylinder(0, -0.72, 0, 0.62, 0.16, 0.02, 1), blush),
        Solid(cylinder(0.86, -0.79, 0.25, 0.40, 0.09, 0.02, 1), blush),
        Solid(cylinder(-0.84, -0.77, 0.2, 0.36, 0.11, 0.02, 1), blush),
        Solid(cylinder(0, -0.13, 0, 0.27, 0.42, 0.09, 1), glass),
        Solid(cylinder(0, 0.34, 0, 0.1, 0.08, 0.01, 1), gold),
        Solid(cylinder(0, 0.54, 0, 0.12, 0.16, 0.04, 1), white),
        Solid(cylinder(0, -0.2, 0, 0.274, 0.15, 0.004, 1), white),
        Solid(cylinder(0.86, -0.52, 0.25, 0.3, 0.17, 0.05, 1), white),
        Solid(cylinder(0.86, -0.3, 0.25, 0.305, 0.08, 0.025, 1), gold),
        Solid(cylinder(-0.84, -0.31, 0.2, 0.15, 0.35, 0.06, 1), white),
        Solid(cylinder(-0.84, 0.12, 0.2, 0.115, 0.1, 0.03, 1), gold),
        Solid(sphere(0.37, -0.46, 0.42, 0.1), glass),
        Solid(sphere(-0.42, -0.83, 0.62, 0.08), gold),
    ]
    color, cover = render(solids, 1500, 1125, view=2.05, tilt=6, studio=Studio(ground=(0.62, 0.45, 0.36), shadow=0.6))
    encode(tone(color), "email-banner/assets/bottles.webp", alpha=cover, quality=82, shrink=1.5)


def microphone() -> None:
    """A studio microphone in its ring."""
    body = Look(low=rgb("#231a3d"), high=rgb("#4a3a78"), gloss=0.55)
    grille = Look(low=rgb("#8d86a8"), high=rgb("#f1ecff"), gloss=0.9, metal=0.9, span=(0, 0.9))
    accent = Look(low=rgb("#ff4f5e"), high=rgb("#ffb24c"), gloss=0.6, span=(-0.7, 0.5))
    lean = 14
    solids = [
        Solid(turned(capsule((0, 0.26, 0), (0, 0.6, 0), 0.32), lean), grille),
        Solid(turned(cylinder(0, -0.14, 0, 0.335, 0.36, 0.05, 1), lean), body),
        Solid(turned(torus(0, 0.24, 0, 0.335, 0.032, 1), lean), accent),
        Solid(turned(torus(0, -0.02, 0, 0.52, 0.045), lean), accent),
        Solid(turned(capsule((0.52, -0.02, 0), (0.33, -0.02, 0), 0.05), lean), grille),
        Solid(turned(capsule((-0.52, -0.02, 0), (-0.33, -0.02, 0), 0.05), lean), grille),
        Solid(turned(capsule((0, -0.55, 0), (0, -0.85, 0), 0.07), lean), grille),
        Solid(capsule((0.2, -0.8, 0), (0.2, -1.9, 0), 0.05), grille),
        Solid(turned(sphere(0, -0.24, 0.33, 0.05), lean), accent),
        *(Solid(turned(torus(0, 0.24 + level, 0, reach, 0.014, 1), lean), body)
          for level, reach in ((0.12, 0.322), (0.24, 0.322), (0.36, 0.322), (0.46, 0.297), (0.55, 0.25))),
        Solid(turned(torus(0, 0.42, 0, 0.322, 0.014, 0), lean), body),
    ]  # fmt: skip
    studio = Studio(key=(-0.6, 0.6, 0.7), sky=(1.1, 0.95, 1.15), ground=(0.7, 0.3, 0.4), rim=(1.4, 0.5, 0.4))
    color, cover = render(solids, 1300, 1500, view=2.3, studio=studio)
    encode(tone(color), "podcast-cover/assets/microphone.webp", alpha=cover, quality=84, shrink=1.5)


def house() -> None:
    """A house at dusk, drawn in `starter_house.svg`."""
    drawn = pyvips.Image.svgload_buffer(Path(__file__).with_name("starter_house.svg").read_bytes(), scale=1.0)
    values = drawn.flatten().numpy()[..., :3].astype(np.float32) / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    encode(np.asarray(linear, np.float32), "real-estate-card/assets/house.jpg", quality=84)


PICTURES: tuple[Callable[[], None], ...] = (dusk, stage, silk, shapes, headphones, bottles, microphone, house)

if __name__ == "__main__":
    wanted = sys.argv[1:]
    for picture in PICTURES:
        if not wanted or picture.__name__ in wanted:
            picture()
