"""The reference card: a social card of 1200×628 with everything that costs time, and the rows that fill it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson

from tirage.actions.jobs import DrawJob
from tirage.engine.bind import bind
from tirage.engine.options import OutputOptions
from tirage.engine.parse import parse

WIDTH, HEIGHT = 1200, 628
AVATAR_SIDE = 176
QUALITY = 85
OUTPUT = OutputOptions(quality=QUALITY)

_FIRST = ("Ada", "Grace", "Linus", "Noor", "Mateo", "Yuki", "Zofia", "Kwame", "Ingrid", "Tomás", "Priya", "Élodie")
_LAST = ("Lovell", "Hopman", "Torvik", "Haddad", "Silva", "Tanaka", "Nowak", "Mensah", "Dahl", "Prado", "Rao", "Roux")
_PLACES = ("Zürich", "Lisbon", "Kraków", "Osaka", "Nairobi", "Bergen", "Austin", "Pune", "Lyon", "Quito", "Accra")


def document() -> dict[str, Any]:
    """The card's template; `photo` and `avatar` are the pictures that it shows until a row brings others."""
    white = "#ffffff"
    return {
        "name": "Reference card",
        "width": WIDTH,
        "height": HEIGHT,
        "layers": [
            {"type": "image", "name": "photo", "imageUrl": "photo.jpg"},
            {
                "type": "shape",
                "name": "shade",
                "fill": "linear-gradient(90deg, rgba(10,14,30,0.86), rgba(10,14,30,0.12))",
            },
            {"type": "image", "name": "avatar", "imageUrl": "avatar.jpg", "x": 72, "y": 48, "width": AVATAR_SIDE,
             "height": AVATAR_SIDE, "borderRadius": "50%", "borderWidth": 6, "borderColor": white},
            {"type": "text", "name": "headline", "text": "Headline", "x": 72, "y": 244, "width": 1040, "height": 152,
             "fontFamily": "Inter", "fontSize": 64, "fontWeight": 800, "lineHeight": 1.12, "color": white,
             "shadow": "0 4px 16px rgba(0,0,0,0.5)"},
            {"type": "text", "name": "body", "text": "Body", "x": 72, "y": 412, "width": 880, "height": 84,
             "fontFamily": "Inter", "fontSize": 28, "lineHeight": 1.4, "color": "#dfe6f3"},
            {"type": "shape", "name": "button", "x": 72, "y": 520, "width": 232, "height": 64, "borderRadius": 32,
             "fill": "#ff5a36"},
            {"type": "text", "name": "call", "text": "Register now", "x": 72, "y": 520, "width": 232, "height": 64,
             "fontFamily": "Inter", "fontSize": 26, "fontWeight": 600, "color": white, "align": "center",
             "verticalAlign": "middle"},
        ],
    }  # fmt: skip


def texts(number: int) -> dict[str, str]:
    """The texts of a row; headlines and bodies of two lines, all different for thousands of rows."""
    first, last = _FIRST[number % len(_FIRST)], _LAST[number // 3 % len(_LAST)]
    place, other = _PLACES[number % len(_PLACES)], _PLACES[(number * 7 + 3) % len(_PLACES)]
    return {
        "headline": f"{first} {last}, your seat at the design week in {place}",
        "body": (
            f"Session {number:05d}: two days of talks and workshops on typography and colour, with guests from {other}."
        ),
    }


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a render child's handler: what the pool would hand it."""

    header: Mapping[str, Any]
    parts: tuple[bytes, ...]


class Card:
    """Makes the handler's calls for rows of the reference card."""

    def __init__(self) -> None:
        self.json = orjson.dumps(document())
        self.template = parse(self.json)

    def call(self, number: int, avatar: bytes, photo: bytes, *, own_photo: bool) -> Call:
        """The call for a row with that avatar, and with that photo as the row's own or as the template's."""
        row = texts(number) | {"avatar": "a.jpg"} | ({"photo": "p.jpg"} if own_photo else {})
        bound = bind(self.template, row)
        names = {"row:a.jpg": avatar, "row:p.jpg" if own_photo else "photo.jpg": photo}
        job = DrawJob(
            template=self.template.digest,
            overrides=bound.overrides,
            sources=tuple((name, hashlib.sha256(data).hexdigest()) for name, data in names.items()),
            format="jpeg",
            options=OUTPUT,
        )
        header: Mapping[str, Any] = orjson.loads(orjson.dumps(job.header()))
        return Call(header, (self.json, *names.values()))
