"""A value → the modules of a linear or stacked barcode or matrix code, its check digit supplied or verified."""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, get_args

from tirage.engine.codes.modules import Modules
from tirage.engine.codes.problems import value_problem

Symbology = Literal[
    "code128", "gs1-128", "code39", "code93", "codabar", "itf14", "itf", "ean13", "ean8", "upca", "upce",
    "isbn", "datamatrix", "gs1-datamatrix", "pdf417", "aztec",
]  # fmt: skip
_LONGEST = 3_200


@dataclass(frozen=True, slots=True)
class _Kind:
    """A symbology: its name for people and in the library, quiet zones (left, right; modules), digits with check."""

    name: str
    format: str
    quiet: tuple[int, int]
    digits: int | None = None
    matrix: bool = False
    gs1: bool = False

    @property
    def options(self) -> dict[str, bool]:
        """What the library is told beside the value."""
        chosen = {"gs1": self.gs1, "forceSquare": self.format == "DataMatrix"}
        return {name: True for name, on in chosen.items() if on}


# Quiet zones: ISO/IEC 15417, 16388, 16390, 15420, 16022, 15438, 24778.
_KINDS: dict[str, _Kind] = {
    "code128": _Kind("Code 128", "Code128", (10, 10)),
    "gs1-128": _Kind("GS1-128", "Code128", (10, 10), gs1=True),
    "code39": _Kind("Code 39", "Code39", (10, 10)),
    "code93": _Kind("Code 93", "Code93", (10, 10)),
    "codabar": _Kind("Codabar", "Codabar", (10, 10)),
    "itf14": _Kind("ITF-14", "ITF", (10, 10), digits=14),
    "itf": _Kind("ITF", "ITF", (10, 10)),
    "ean13": _Kind("EAN-13", "EAN13", (11, 7), digits=13),
    "ean8": _Kind("EAN-8", "EAN8", (7, 7), digits=8),
    "upca": _Kind("UPC-A", "UPCA", (9, 9), digits=12),
    "upce": _Kind("UPC-E", "UPCE", (9, 7)),
    "isbn": _Kind("ISBN", "EAN13", (11, 7), digits=13),
    "datamatrix": _Kind("Data Matrix", "DataMatrix", (1, 1), matrix=True),
    "gs1-datamatrix": _Kind("GS1 Data Matrix", "DataMatrix", (1, 1), matrix=True, gs1=True),
    "pdf417": _Kind("PDF417", "PDF417", (2, 2), matrix=True),
    "aztec": _Kind("Aztec", "Aztec", (0, 0), matrix=True),
}
assert set(_KINDS) == set(get_args(Symbology))

_ROWS_TALL = 3
"""A row of PDF417 is three modules high at least (ISO/IEC 15438, 5.2)."""


@dataclass(frozen=True, slots=True)
class Barcode:
    """A symbol: one row of modules where it is linear. `text` is what people read, with its check digit.

    `guards` are the modules (first, last + 1) of bars that reach down beside the digits; `digits` are groups of the
    text with the modules that they stand under, those beside the bars without a place.
    """

    name: str
    modules: Modules
    text: str
    quiet: tuple[int, int]
    matrix: bool
    row_height: int = 1
    guards: tuple[tuple[int, int], ...] = ()
    digits: tuple[tuple[str, float, float], ...] = ()


@lru_cache(maxsize=256)
def barcode(symbology: Symbology, value: str) -> Barcode:
    """The symbol of a value. Raises ResourceProblem `code_value_invalid`, naming the right check digit."""
    import numpy as np
    import zxingcpp  # native: loaded where codes are drawn, not where templates are read

    kind = _KINDS[symbology]
    if len(value) > _LONGEST:
        raise value_problem(f"The value has {len(value)} characters; a {kind.name} holds far fewer.")
    text = _checked(kind, symbology, value.strip())
    try:
        made = zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, kind.format), **kind.options)
    except ValueError as error:
        raise value_problem(
            f"{value[:60]!r} cannot be a {kind.name}: {_sentence(str(error))}", _HINTS.get(symbology, "")
        ) from None
    dark = np.asarray(made.to_image(scale=1, add_quiet_zones=False)) == 0
    if not kind.matrix:
        dark = dark[len(dark) // 2 :][:1]  # the bars of an add-on begin lower
    rows, tall = _compact([bytes(row) for row in dark.astype(np.uint8)], symbology)
    modules = Modules(rows)
    # The library makes an even count of digits and capital stop letters; people read what scanners read.
    shown = made.text if kind.gs1 or symbology in ("itf", "codabar") else text
    if symbology == "upce" and len(text) in (6, 7):  # people read it with number system and check digit
        shown = text.rjust(7, "0")
        shown += str(check_digit(_expanded(f"{shown}0")[:-1]))
    groups, guards = _retail(symbology, shown, modules.width)
    return Barcode(kind.name, modules, shown, kind.quiet, kind.matrix, tall, guards, groups)


_HINTS = {
    "code39": "It takes capital letters, digits and - . $ / + % and spaces.",
    "code128": "It takes Latin-1 text of up to 256 characters; other scripts fit into a QR code or Data Matrix.",
    "gs1-128": "Write application identifiers in parentheses, such as (01)09501101530003(10)AB-123.",
    "gs1-datamatrix": "Write application identifiers in parentheses, such as (01)09501101530003(10)AB-123.",
    "codabar": "It begins and ends with one of A, B, C and D.",
    "upce": "Give six digits, or eight with number system and check digit.",
}


def check_digit(digits: str) -> int:
    """The GS1 check digit of the digits before it (GS1 General Specifications, 7.9)."""
    return -sum(int(each) * (3 if index % 2 == 0 else 1) for index, each in enumerate(reversed(digits))) % 10


def _checked(kind: _Kind, symbology: str, value: str) -> str:
    """The value as the symbol takes it, with its check digit."""
    if not value:
        raise value_problem(f"There is no value for the {kind.name}.")
    if symbology == "isbn":
        return _isbn(value)
    if kind.gs1:
        for identifier, number in re.findall(r"[(\[](0[0-2])[)\]](\d{14,18})", value):
            _verify(f"({identifier}) in the {kind.name}", number[: 18 if identifier == "00" else 14])
        for identifier, date in re.findall(r"[(\[](1[1-3567])[)\]](\d{6})", value):
            _date(identifier, date, kind.name)
        return value
    if symbology == "code39" and value != value.upper():
        raise value_problem(
            f"{value[:60]!r} has small letters, and a Code 39 holds none: scanners would read {value[:60].upper()!r}.",
            "Write capitals, as with {{ … | upper }}, or choose Code 128.",
        )
    if symbology == "upce" and re.fullmatch(r"\d{8}", value):
        _verify(kind.name, _expanded(value), shown=value)
    if kind.digits is None:
        return value
    digits, _, extra = value.replace("-", "").partition("+")
    digits = re.sub(r"\s", "", digits)
    if not re.fullmatch(r"[0-9]+", digits) or len(digits) not in (kind.digits - 1, kind.digits):
        raise value_problem(
            f"{value[:60]!r} is not the number of an {kind.name}.",
            f"It has {kind.digits - 1} digits, or {kind.digits} with its check digit.",
        )
    if len(digits) == kind.digits:
        _verify(kind.name, digits)
    else:
        digits += str(check_digit(digits))
    if extra and not re.fullmatch(r"\d{2}|\d{5}", extra):
        raise value_problem(f"The add-on {extra[:20]!r} of the {kind.name} has neither two nor five digits.")
    return f"{digits}+{extra}" if extra else digits


def _verify(name: str, digits: str, shown: str = "") -> None:
    right = check_digit(digits[:-1])
    if int(digits[-1]) != right:
        raise value_problem(
            f"The check digit of {shown or digits} ({name}) is {digits[-1]}, but must be {right}.",
            "Correct the number, or leave the check digit out: it is worked out then.",
        )


def _date(identifier: str, digits: str, name: str) -> None:
    """A date of an application identifier, YYMMDD; day 00 is the end of the month (GS1 General Specifications, 3.4)."""
    month, day = int(digits[2:4]), int(digits[4:])
    if not 1 <= month <= 12 or day > monthrange(2000 + int(digits[:2]), month)[1]:
        raise value_problem(
            f"{digits} of ({identifier}) in the {name} is no date.",
            "Write year, month and day: 271130 is 30 November 2027.",
        )


def _isbn(value: str) -> str:
    """The 13 digits of an ISBN of 10 or 13 (ISO 2108)."""
    digits = re.sub(r"[\s-]", "", value.upper().removeprefix("ISBN"))
    if re.fullmatch(r"\d{9}[\dX]", digits):
        total = sum((10 - index) * int(each) for index, each in enumerate(digits[:9]))
        right = "0123456789X"[-total % 11]
        if digits[9] != right:
            raise value_problem(f"The check digit of ISBN {value[:20]} is {digits[9]}, but must be {right}.")
        body = f"978{digits[:9]}"
        return f"{body}{check_digit(body)}"
    if not re.fullmatch(r"97[89]\d{10}", digits):
        raise value_problem(f"{value[:40]!r} is not an ISBN.", "It has 10 digits, or 13 that begin with 978 or 979.")
    _verify("ISBN", digits)
    return digits


def _expanded(digits: str) -> str:
    """The twelve digits of the UPC-A that a UPC-E of eight stands for (ISO/IEC 15420, 5.2)."""
    system, body, check, last = digits[0], digits[1:7], digits[7], digits[6]
    if last in "012":
        number = body[:2] + last + "0000" + body[2:5]
    elif last == "3":
        number = body[:3] + "00000" + body[3:5]
    elif last == "4":
        number = body[:4] + "00000" + body[4]
    else:
        number = body[:5] + "0000" + last
    return system + number + check


def _compact(rows: list[bytes], symbology: str) -> tuple[tuple[bytes, ...], int]:
    """Rows of modules; the equal picture rows of a stacked code are one, with their height."""
    tall = _ROWS_TALL if symbology == "pdf417" else 1
    if symbology == "pdf417":
        repeat = next((index for index, row in enumerate(rows) if row != rows[0]), len(rows))
        rows = rows[::repeat]
    return tuple(rows), tall


def _retail(
    symbology: str, text: str, width: int
) -> tuple[tuple[tuple[str, float, float], ...], tuple[tuple[int, int], ...]]:
    """How the digits of a retail code stand under its bars (GS1 General Specifications, 5.2.6)."""
    digits = text.partition("+")[0]
    if symbology in ("ean13", "isbn") and width == 95:
        return (
            (digits[0], -9, 0), (digits[1:7], 3, 46), (digits[7:], 49, 92),
        ), ((0, 3), (45, 50), (92, 95))  # fmt: skip
    if symbology == "ean8" and width == 67:
        return ((digits[:4], 3, 31), (digits[4:], 36, 64)), ((0, 3), (31, 36), (64, 67))
    if symbology == "upca" and width == 95:
        groups = ((digits[0], -8, 0), (digits[1:6], 10, 46), (digits[6:11], 49, 85), (digits[11], 95, 103))
        return groups, ((0, 10), (45, 50), (85, 95))
    if symbology == "upce" and width == 51:
        return ((digits[0], -8, 0), (digits[1:7], 3, 46), (digits[7:], 51, 59)), ((0, 3), (45, 51))
    return (), ()


def _sentence(text: str) -> str:
    """The library's words without its numbers."""
    plain = re.sub(r"^Error \d+: |\s*\(retval: \d+\)", "", text).strip()
    return (plain[:1].lower() + plain[1:] if plain else "the library refuses it") + "."
