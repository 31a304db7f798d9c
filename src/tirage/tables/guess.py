"""Columns and a template's names → which column is probably for what, each with a score and its reason."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

from rapidfuzz import fuzz
from rapidfuzz.distance import JaroWinkler

from tirage.tables.rows import Value

Kind = Literal["text", "number", "boolean", "color", "image", "url", "date", "list", "object"]
How = Literal["same", "spelling", "synonym", "words", "similar", "none"]
SURE = 0.8
"""From this score on a guess is used where nobody looks at it."""
LEAST = 0.55
"""Below it nothing is guessed."""

# Words that people use for one another on cards, tickets and in shops; also in the languages of our users' sheets.
_SYNONYMS: tuple[frozenset[str], ...] = tuple(
    frozenset(each.split())
    for each in (
        "title headline heading caption header titel titre titulo titolo uberschrift otsikko rubrik",
        "subtitle subheading subheadline tagline untertitel sottotitolo subtitulo",
        "text body copy content description beschreibung descripcion descrizione texte",
        "name fullname person participant attendee recipient nombre nome nom teilnehmer",
        "firstname forename givenname vorname prenom nombre",
        "lastname surname familyname nachname apellido cognome",
        "image picture photo img pic foto bild imagen immagine avatar portrait thumbnail cover imageurl photourl",
        "logo brand brandmark",
        "price cost amount preis prix precio prezzo betrag total",
        "url link website web homepage address uri href site",
        "date day datum fecha data jour when",
        "time hour uhrzeit heure hora ora",
        "company organisation organization org firma empresa azienda employer",
        "role job position jobtitle function beruf poste cargo",
        "city town place location ort stadt ville ciudad citta venue",
        "country land pays pais paese",
        "email mail emailaddress correo",
        "phone tel telephone mobile telefon telefono",
        "quote quotation zitat citation cita citazione testimonial saying",
        "author autor auteur autore writer by",
        "code barcode sku ean gtin isbn qr qrcode value number",
        "color colour farbe couleur colore",
        "button cta action",
        "discount rabatt sale off reduction",
        "quantity qty count anzahl menge",
        "rating stars score bewertung",
    )
)
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_IMAGE = re.compile(r"(?i)^(https?://|data:image/|[\w./ -]+\.(png|jpe?g|webp|gif|svg|avif)$)")
_COLOR = re.compile(r"^#[0-9A-Fa-f]{3,8}$")
_NUMBER = re.compile(r"^[+-]?\d++([.,]\d++)*+$")


@dataclass(frozen=True, slots=True)
class Target:
    """What a column may be for: a variable, a layer, or a property `layer.key` of one."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Guess:
    """A column and its most likely target, None where there is none; `score` from 0 to 1."""

    column: str
    target: str | None
    score: float
    how: How


def guess(
    columns: Sequence[str], targets: Sequence[Target], samples: Mapping[str, Sequence[Value]] | None = None
) -> tuple[Guess, ...]:
    """A guess for each column; no target is given twice, the best fits are given first.

    `samples` are some values by column: an address of a picture speaks for an image, a word against a number.
    """
    found: list[tuple[float, int, int, How]] = []
    for at, column in enumerate(columns):
        seen = [value for value in (samples or {}).get(column, ()) if value not in (None, "")]
        for which, target in enumerate(targets):
            score, how = _score(column, target.name)
            if how != "same" and score >= LEAST - 0.1:
                score = max(0.0, min(0.99, score + _fit(seen, target.kind)))
            if score >= LEAST:
                found.append((-score, at, which, how))
    found.sort()
    given: dict[int, Guess] = {}
    taken: set[int] = set()
    for score, at, which, how in found:
        if at not in given and which not in taken:
            taken.add(which)
            given[at] = Guess(columns[at], targets[which].name, round(-score, 2), how)
    return tuple(given.get(at, Guess(column, None, 0.0, "none")) for at, column in enumerate(columns))


def mapping_of(guesses: Sequence[Guess], least: float = SURE) -> dict[str, str]:
    """The guesses that are good enough as a mapping; columns that have a target's own name need none."""
    return {
        each.column: each.target
        for each in guesses
        if each.target is not None and each.target != each.column and each.score >= least
    }


def _score(column: str, target: str) -> tuple[float, How]:
    if column == target:
        return 1.0, "same"
    one, other = words(column), words(target)
    if not one or not other:
        return 0.0, "none"
    joined, aim = "".join(one), "".join(other)
    if joined == aim:
        return 0.97, "spelling"
    if _synonyms(joined) & _synonyms(aim):
        return 0.85, "synonym"
    best = _words(one, other)
    similar = max(fuzz.ratio(joined, aim) / 100, JaroWinkler.similarity(joined, aim))
    # Short names resemble each other by chance: "date" and "rate" differ in one letter.
    close = similar * 0.92 if min(len(joined), len(aim)) > 3 and similar >= 0.8 else 0.0
    return (best, "words") if best >= close else (close, "similar")


def _words(one: tuple[str, ...], other: tuple[str, ...]) -> float:
    """How much two names of several words have in common, synonyms counted: `event date` and `date`."""
    if len(one) == 1 and len(other) == 1:
        return 0.0
    meanings = [_synonyms(word) | {word} for word in other]
    shared = sum(any((_synonyms(word) | {word}) & meaning for meaning in meanings) for word in one)
    return 0.9 * shared / max(len(one), len(other)) if shared else 0.0


@cache
def words(name: str) -> tuple[str, ...]:
    """A name's words without case and marks: `EventDate`, `event_date` and `Event-Dáte` are the same two."""
    bare = "".join(each for each in unicodedata.normalize("NFKD", name) if not unicodedata.combining(each))
    return tuple(word.casefold() for word in _WORD.findall(bare.replace("ß", "ss")))


@cache
def _synonyms(word: str) -> frozenset[int]:
    """The groups that a word is in; a plural is its singular."""
    singular = word[:-1] if len(word) > 3 and word.endswith("s") else word
    return frozenset(at for at, group in enumerate(_SYNONYMS) if word in group or singular in group)


def _fit(values: Sequence[Value], kind: Kind) -> float:
    """What the values say for or against a kind."""
    texts = [str(value) for value in values if not isinstance(value, list | dict)]
    if not texts:
        return 0.0
    image, color, number = (
        sum(bool(pattern.match(text.strip())) for text in texts) / len(texts) for pattern in (_IMAGE, _COLOR, _NUMBER)
    )
    if kind == "image":
        return 0.1 if image > 0.5 else -0.3
    if kind == "color":
        return 0.1 if color > 0.5 else -0.1
    if kind == "number":
        return 0.05 if number > 0.5 else -0.3
    return -0.15 if kind == "text" and image > 0.5 else 0.0
