"""The filters of expressions, each with its sentence and an example that a test runs."""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Callable
from typing import Any

from tirage.engine.expressions import colors, localised
from tirage.engine.expressions.filter import Filter, count_of
from tirage.engine.expressions.limits import ExpressionError, finite, room
from tirage.engine.expressions.locale_filters import LOCALE_FILTERS
from tirage.engine.expressions.scope import Scope, items, number, shown, text, truth
from tirage.engine.payloads import KINDS, PayloadError, payload

FILTERS: dict[str, Filter] = {}


def _add(name: str, arguments: str, sentence: str, example: str, result: str, work: Callable[..., Any]) -> None:
    FILTERS[name] = Filter(name, arguments, sentence, example, result, work)


def _default(scope: Scope, value: Any, other: Any = "") -> Any:
    return other if value in (None, "") else value


def _truncate(scope: Scope, value: Any, length: Any = 80, end: Any = "…") -> str:
    return localised.truncated(text(value), count_of(length, 10_000), text(end)[:20])


def _replace(scope: Scope, value: Any, old: Any, new: Any) -> str:
    whole, find, put = text(value), text(old), text(new)
    if not find:
        return whole
    room(whole, len(whole) + whole.count(find) * (len(put) - len(find)))
    return whole.replace(find, put)


def _slug(scope: Scope, value: Any) -> str:
    plain = unicodedata.normalize("NFKD", text(value).replace("ß", "ss")).lower()
    kept = "".join(each if each.isalnum() else "-" for each in plain if not unicodedata.combining(each))
    return "-".join(part for part in kept.split("-") if part)


def _initials(scope: Scope, value: Any, count: Any = 2) -> str:
    words = [word for word in text(value).replace("-", " ").split() if word[0].isalnum()]
    chosen = words if len(words) <= count_of(count, 10) else [*words[: count_of(count, 10) - 1], words[-1]]
    return "".join(localised.first_character(word) for word in chosen).upper()


def _pad(scope: Scope, value: Any, width: Any, fill: Any = " ") -> str:
    return text(value).rjust(count_of(width, 1_000), (text(fill) or " ")[0])


def _split(scope: Scope, value: Any, by: Any = ",") -> list[str]:
    whole, mark = text(value), text(by)
    if not mark:
        raise ExpressionError("a text cannot be split at nothing")
    room([], whole.count(mark) + 1)
    return [part.strip() for part in whole.split(mark)] if whole else []


def _join(scope: Scope, value: Any, by: Any = ", ") -> str:
    parts, mark = [text(each) for each in items(value)], text(by)
    room("", sum(map(len, parts)) + len(mark) * len(parts))
    return mark.join(parts)


def _round(scope: Scope, value: Any, places: Any = 0) -> int | float:
    from decimal import ROUND_HALF_UP, Decimal

    digits = count_of(places, 12)
    return finite(float(Decimal(repr(number(value))).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)))


def _whole(scope: Scope, value: Any, up: bool) -> int:
    import math

    return math.ceil(number(value)) if up else math.floor(number(value))


def _length(scope: Scope, value: Any) -> int:
    return len(value) if isinstance(value, list | dict) else localised.characters(text(value))


def _sort(scope: Scope, value: Any, by: Any = None, reverse: Any = False) -> list[Any]:
    def key(each: Any) -> Any:
        member = each.get(text(by)) if by is not None and isinstance(each, dict) else each
        try:
            return (0, number(member), "")
        except ExpressionError:
            return (1, 0, localised.sort_key(text(member), scope.locale))

    return sorted(items(value), key=key, reverse=truth(reverse))


def _unique(scope: Scope, value: Any) -> list[Any]:
    seen: dict[str, Any] = {}
    for each in items(value):
        seen.setdefault(json.dumps(each, sort_keys=True), each)
    return list(seen.values())


def _extreme(choose: Callable[..., Any]) -> Callable[..., Any]:
    def work(scope: Scope, value: Any) -> Any:
        return choose(items(value), key=number, default=None)

    return work


def _pick(scope: Scope, value: Any, name: Any) -> list[Any]:
    return [each.get(text(name)) if isinstance(each, dict) else None for each in items(value)]


def _end(last: bool) -> Callable[..., Any]:
    def work(scope: Scope, value: Any) -> Any:
        if isinstance(value, str | list):
            return value[-1 if last else 0] if value else None
        raise ExpressionError(f"{shown(value)} has no first and last")

    return work


def _percent_encoded(value: str) -> str:
    """All but the unreserved characters of RFC 3986, 2.3."""
    return "".join(
        chr(each) if chr(each).isascii() and (chr(each).isalnum() or chr(each) in "-._~") else f"%{each:02X}"
        for each in value.encode("utf-8", "replace")
    )


def _qr_payload(scope: Scope, value: Any, kind: Any) -> str:
    kind = text(kind)
    fields = value if isinstance(value, dict) else {KINDS[kind].main: value} if kind in KINDS else {}
    try:
        return payload(kind, {str(name): text(each) for name, each in fields.items()})
    except PayloadError as error:
        raise ExpressionError(str(error)[:1].lower() + str(error)[1:].rstrip(".")) from None


def _json(scope: Scope, value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


_add("default", "other", "Another value where there is none.", "'' | default('Guest')", "Guest", _default)
_add(
    "upper",
    "",
    "Capital letters, by the rules of the locale.",
    "'straße' | upper",
    "STRASSE",
    lambda scope, value: localised.cased(text(value), "upper", scope.locale),
)
_add(
    "lower",
    "",
    "Small letters, by the rules of the locale.",
    "'ÉTÉ' | lower",
    "été",
    lambda scope, value: localised.cased(text(value), "lower", scope.locale),
)
_add(
    "title",
    "",
    "Every word begins with a capital.",
    "'grand opening' | title",
    "Grand Opening",
    lambda scope, value: localised.cased(text(value), "title", scope.locale),
)
_add("trim", "", "Without blanks at both ends.", "'  x ' | trim", "x", lambda scope, value: text(value).strip())
_add("replace", "old, new", "One text put for another, everywhere.", "'a-b' | replace('-', '+')", "a+b", _replace)
_add(
    "truncate",
    "length, end",
    "Cut after so many characters as people count them, with an end.",
    "'Hamburgefonstiv' | truncate(7)",
    "Hambur…",
    _truncate,
)
_add("slug", "", "Fit for a file name or an address.", "'Café à la crème!' | slug", "cafe-a-la-creme", _slug)
_add(
    "initials",
    "count",
    "The first characters of the first and last words.",
    "'Ada King Lovelace' | initials",
    "AL",
    _initials,
)
_add("pad", "width, fill", "Filled on the left to a width.", "7 | pad(3, '0')", "007", _pad)
_add("split", "by", "A list of the parts between separators.", "'a, b' | split | last", "b", _split)
_add("join", "by", "The items of a list as one text.", "['a', 'b'] | join(' + ')", "a + b", _join)
_add(
    "list",
    "",
    "The items of a list with the locale's words between.",
    "['a', 'b', 'c'] | list",
    "a, b, and c",
    lambda scope, value: localised.listed([text(each) for each in items(value)], scope.locale),
)
_add("first", "", "The first item or character.", "[3, 4] | first", "3", _end(False))
_add("last", "", "The last item or character.", "[3, 4] | last", "4", _end(True))
_add("length", "", "How many items, or characters as people count them.", "'👩‍🚀!' | length", "2", _length)
_add(
    "sort",
    "by, reverse",
    "In order: numbers, then words as the locale sorts them.",
    "['b', 'ä', 'a'] | sort | join",
    "a, ä, b",
    _sort,
)
_add("unique", "", "Without repetitions.", "[1, 2, 1] | unique | join", "1, 2", _unique)
_add("pick", "name", "One member of each object of a list.", "[{'n': 1}, {'n': 2}] | pick('n') | sum", "3", _pick)
_add(
    "sum",
    "",
    "The sum of a list of numbers.",
    "[1.5, 2] | sum",
    "3.5",
    lambda scope, value: finite(sum(number(each) for each in items(value))),
)
_add("min", "", "The smallest of a list of numbers.", "[3, 2] | min", "2", _extreme(min))
_add("max", "", "The largest of a list of numbers.", "[3, 2] | max", "3", _extreme(max))
_add("round", "places", "Rounded, halves away from zero.", "2.345 | round(2)", "2.35", _round)
_add("floor", "", "The next whole number below.", "2.9 | floor", "2", lambda scope, value: _whole(scope, value, False))
_add("ceil", "", "The next whole number above.", "2.1 | ceil", "3", lambda scope, value: _whole(scope, value, True))
_add("abs", "", "Without its sign.", "-3 | abs", "3", lambda scope, value: abs(number(value)))
_add("int", "", "The whole number before the point.", "'12.9' | int", "12", lambda scope, value: int(number(value)))
_add("float", "", "A number out of a text.", "'1.5' | float + 1", "2.5", lambda scope, value: number(value))
FILTERS.update({each.name: each for each in LOCALE_FILTERS})
_add(
    "contrast",
    "dark, light",
    "Of two colours the one that is read better on this one.",
    "'#ffd600' | contrast",
    "#000000",
    lambda scope, value, dark="#000000", light="#ffffff": colors.contrast(text(value), text(dark), text(light)),
)
_add(
    "lighten",
    "share",
    "A colour with so much white in it.",
    "'#1a73e8' | lighten(0.5)",
    "#8cb9f3",
    lambda scope, value, share=0.2: colors.mixed(text(value), "#ffffff", number(share)),
)
_add(
    "darken",
    "share",
    "A colour with so much black in it.",
    "'#ffffff' | darken(0.2)",
    "#cccccc",
    lambda scope, value, share=0.2: colors.mixed(text(value), "#000000", number(share)),
)
_add(
    "mix",
    "other, share",
    "A colour with so much of another one in it.",
    "'#000000' | mix('#ffffff', 0.5)",
    "#808080",
    lambda scope, value, other, share=0.5: colors.mixed(text(value), text(other), number(share)),
)
_add(
    "alpha",
    "opacity",
    "A colour made translucent.",
    "'#1a73e8' | alpha(0.5)",
    "#1a73e880",
    lambda scope, value, opacity: colors.translucent(text(value), number(opacity)),
)
_add(
    "urlencode",
    "",
    "Fit for a part of an address.",
    "'a b&c' | urlencode",
    "a%20b%26c",
    lambda scope, value: _percent_encoded(text(value)),
)
_add("json", "", "A value as JSON.", "[1, 'a'] | json", '[1, "a"]', _json)
_add(
    "qr_payload",
    "kind",
    "What a code holds for a network, a contact, an event, a payment and others.",
    "{'ssid': 'Guests', 'password': 'welcome-2026'} | qr_payload('wifi')",
    "WIFI:T:WPA;S:Guests;P:welcome-2026;;",
    _qr_payload,
)
