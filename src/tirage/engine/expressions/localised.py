"""Numbers, dates, lists and words as a locale writes them (ICU, CLDR); loaded when a row needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from tirage.engine.expressions.limits import ExpressionError

_STYLES = ("short", "medium", "long", "full")
_UNIT = re.compile(r"[a-z][a-z0-9-]{0,60}\Z")
_SKELETON = re.compile(r"[GyYuUQqMLwWdDFgEecabhHkKmsSzZvV]{1,20}\Z")


def number_text(value: float, decimals: int | None, locale: str) -> str:
    """A number with the locale's signs; up to three decimals unless their count is given."""
    return str(_number(locale, "plain", "", decimals)(value))


def money(value: float, code: str, decimals: int | None, locale: str) -> str:
    """An amount in a currency (ISO 4217)."""
    if not re.fullmatch(r"[A-Za-z]{3}", code):
        raise ExpressionError(f"{code[:20]!r} is no currency; write three letters such as EUR")
    return str(_number(locale, "currency", code.upper(), decimals)(value))


def percentage(value: float, decimals: int, locale: str) -> str:
    """A share of one."""
    return str(_number(locale, "percent", "", decimals)(value))


def compact(value: float, locale: str) -> str:
    """In thousands, millions and so on, in the short form."""
    import icu

    made = icu.NumberFormatter.withLocale(_locale(locale)).notation(icu.Notation.compactShort())
    return str(made.formatDouble(float(value)))


def measure(value: float, unit: str, width: str, decimals: int | None, locale: str) -> str:
    """A number with a unit of CLDR; up to three decimals unless their count is given."""
    return str(_measures(locale, unit, width, decimals).formatDouble(float(value)))


def ordinal(value: float, locale: str) -> str:
    """A rank in digits."""
    return str(_rules(locale, "ORDINAL")(value))


def spelt(value: float, locale: str) -> str:
    """A number in words."""
    return str(_rules(locale, "SPELLOUT")(value))


def plural(value: float, forms: Mapping[str, str], locale: str) -> str:
    """The form of the number's category, `other` where that is not given; `#` becomes the number."""
    if "other" not in forms:
        raise ExpressionError("plural needs the form `other`")
    form = forms.get(_category(locale, value), forms["other"])
    return form.replace("#", number_text(value, None, locale))


def date_text(value: str, form: str, locale: str) -> str:
    """A date (ISO 8601) in a style of the locale, or with the fields that the letters name."""
    return _moment(value, form, locale, "date")


def time_text(value: str, form: str, locale: str) -> str:
    """A time of day, alike."""
    return _moment(value, form, locale, "time")


def days_until(value: str, now: datetime | None) -> int:
    """Whole days from a moment to a date; negative for what is past."""
    if now is None:
        raise ExpressionError("there is no clock here; give the moment of the render")
    return (parsed(value).date() - now.astimezone(UTC).date()).days


def parsed(value: str) -> datetime:
    """A date or moment as ISO 8601 writes it, in UTC where it names no zone. Raises ExpressionError."""
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        raise ExpressionError(f"{value[:40]!r} is no date; write it as 2026-11-23 or 2026-11-23T18:30") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


@lru_cache(maxsize=256)
def is_rtl(locale: str) -> bool:
    """Whether the locale is read from right to left."""
    import icu

    full = icu.Locale.forLanguageTag(locale.replace("_", "-"))
    full.addLikelySubtags()
    script = full.getScript()
    return bool(script) and bool(icu.Script(icu.Script.getCode(script)[0]).isRightToLeft())


def digits(locale: str) -> str:
    """The ten digits of a locale."""
    return "".join(number_text(digit, 0, locale) for digit in range(10))


def cased(value: str, how: str, locale: str) -> str:
    """Upper, lower or title case."""
    import icu

    made = icu.UnicodeString(value)
    if how == "title":
        made.toTitle(_locale(locale))
    elif how == "upper":
        made.toUpper(_locale(locale))
    else:
        made.toLower(_locale(locale))
    return str(made)


def listed(parts: Sequence[str], locale: str) -> str:
    """`a, b, and c`."""
    import icu

    return str(icu.ListFormatter.createInstance(_locale(locale)).format(list(parts)))


def sort_key(value: str, locale: str) -> bytes:
    """What words are sorted by."""
    return bytes(_collator(locale).getSortKey(value))


def characters(value: str) -> int:
    """How many characters as people count them (extended grapheme clusters, UAX 29)."""
    return len(_boundaries(value))


def first_character(value: str) -> str:
    """The first of them."""
    ends = _boundaries(value)
    return value[: ends[0]] if ends else ""


def truncated(value: str, length: int, end: str) -> str:
    """At most so many characters, the end included where something was cut."""
    ends = _boundaries(value)
    if len(ends) <= length:
        return value
    kept = max(0, length - len(_boundaries(end)))
    return (value[: ends[kept - 1]] if kept else "").rstrip() + end


def _boundaries(value: str) -> list[int]:
    """Ends of grapheme clusters, in code points."""
    import icu

    cut = icu.BreakIterator.createCharacterInstance(icu.Locale.getRoot())
    written = icu.UnicodeString(value)  # kept alive: the iterator only points to it
    cut.setText(written)
    ends, units, place = [], 0, 0
    for end in cut:  # in UTF-16 code units
        while units < end:
            units += 2 if ord(value[place]) > 0xFFFF else 1
            place += 1
        ends.append(place)
    return ends


@lru_cache(maxsize=256)
def _locale(name: str) -> Any:
    import icu

    try:
        return icu.Locale.forLanguageTag(name.replace("_", "-"))
    except icu.ICUError:
        raise ExpressionError(f"{name[:40]!r} is no locale; write a language tag such as de or en-US") from None


@lru_cache(maxsize=256)
def _number(locale: str, kind: str, code: str, decimals: int | None) -> Any:
    import icu

    where = _locale(locale)
    made = {
        "plain": icu.NumberFormat.createInstance,
        "currency": icu.NumberFormat.createCurrencyInstance,
        "percent": icu.NumberFormat.createPercentInstance,
    }[kind](where)
    if code:
        made.setCurrency(code)
    if decimals is not None:
        made.setMinimumFractionDigits(decimals)
        made.setMaximumFractionDigits(decimals)
    made.setRoundingMode(icu.DecimalFormat.kRoundHalfUp)
    return lambda value: str(made.format(value))


@lru_cache(maxsize=256)
def _measures(locale: str, unit: str, width: str, decimals: int | None) -> Any:
    import icu

    widths = icu.UNumberUnitWidth
    if width not in ("short", "long", "narrow"):
        raise ExpressionError(f"{width[:20]!r} is no width; write short, long or narrow")
    try:
        known = icu.MeasureUnit.forIdentifier(unit if _UNIT.match(unit) else "-")
    except icu.ICUError:
        hint = "write it as CLDR does, such as kilometer, square-meter or liter-per-100-kilometer"
        raise ExpressionError(f"{unit[:40]!r} is no unit; {hint}") from None
    precision = icu.Precision.maxFraction(3) if decimals is None else icu.Precision.fixedFraction(decimals)
    shape = {"short": widths.SHORT, "long": widths.FULL_NAME, "narrow": widths.NARROW}[width]
    made = icu.NumberFormatter.withLocale(_locale(locale)).unit(known).unitWidth(shape)
    return made.precision(precision).roundingMode(icu.DecimalFormat.kRoundHalfUp)


@lru_cache(maxsize=64)
def _rules(locale: str, kind: str) -> Any:
    import icu

    made = icu.RuleBasedNumberFormat(getattr(icu.URBNFRuleSetTag, kind), _locale(locale))
    return lambda value: str(made.format(value))


@lru_cache(maxsize=4096)
def _category(locale: str, value: float) -> str:
    import icu

    return str(icu.PluralRules.forLocale(_locale(locale)).select(value))


@lru_cache(maxsize=64)
def _collator(locale: str) -> Any:
    import icu

    return icu.Collator.createInstance(_locale(locale))


def _moment(value: str, form: str, locale: str, what: str) -> str:
    at = parsed(value)
    return str(_dates(locale, form, what, at.tzinfo.utcoffset(at) if at.tzinfo else None).format(at))


@lru_cache(maxsize=256)
def _dates(locale: str, form: str, what: str, offset: Any) -> Any:
    """A formatter in the zone that the value itself names."""
    import icu

    where = _locale(locale)
    if form in _STYLES:
        style = getattr(icu.DateFormat, f"k{form.capitalize()}")
        make = icu.DateFormat.createDateInstance if what == "date" else icu.DateFormat.createTimeInstance
        made = make(style, where)
    elif _SKELETON.match(form):
        pattern = icu.DateTimePatternGenerator.createInstance(where).getBestPattern(form)
        made = icu.SimpleDateFormat(pattern, where)
    else:
        raise ExpressionError(f"{form[:20]!r} is no format; write {', '.join(_STYLES)} or letters such as yMMMd")
    seconds = int(offset.total_seconds()) if offset else 0
    sign, minutes = ("-" if seconds < 0 else "+"), abs(seconds) // 60
    made.setTimeZone(icu.TimeZone.createTimeZone(f"GMT{sign}{minutes // 60:02d}:{minutes % 60:02d}"))
    return made
