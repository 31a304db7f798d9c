"""The filters that write numbers, measures, words and dates as a locale does."""

from __future__ import annotations

from typing import Any

from tirage.engine.expressions import localised
from tirage.engine.expressions.filter import Filter, count_of
from tirage.engine.expressions.scope import Scope, number, text


def _plural(scope: Scope, value: Any, **forms: Any) -> str:
    return localised.plural(number(value), {name: text(form) for name, form in forms.items()}, scope.locale)


LOCALE_FILTERS = (
    Filter(
        "number",
        "decimals, locale",
        "A number as the locale writes it.",
        "1234.5 | number(2)",
        "1,234.50",
        lambda scope, value, decimals=None, locale=None: localised.number_text(
            number(value), None if decimals is None else count_of(decimals, 12), text(locale) or scope.locale
        ),
    ),
    Filter(
        "currency",
        "code, decimals, locale",
        "An amount of money.",
        "1234.5 | currency('EUR')",
        "€1,234.50",
        lambda scope, value, code="EUR", decimals=None, locale=None: localised.money(
            number(value),
            text(code),
            None if decimals is None else count_of(decimals, 12),
            text(locale) or scope.locale,
        ),
    ),
    Filter(
        "percent",
        "decimals",
        "A share of one as a percentage.",
        "0.256 | percent(1)",
        "25.6%",
        lambda scope, value, decimals=0: localised.percentage(number(value), count_of(decimals, 12), scope.locale),
    ),
    Filter(
        "unit",
        "unit, width, decimals, locale",
        "A measure (CLDR), such as kilometer or liter-per-100-kilometer: short, long or narrow.",
        "12.5 | unit('kilometer-per-hour')",
        "12.5 km/h",
        lambda scope, value, unit, width="short", decimals=None, locale=None: localised.measure(
            number(value),
            text(unit),
            text(width),
            None if decimals is None else count_of(decimals, 12),
            text(locale) or scope.locale,
        ),
    ),
    Filter(
        "compact",
        "",
        "A large number in short.",
        "1234567 | compact",
        "1.2M",
        lambda scope, value: localised.compact(number(value), scope.locale),
    ),
    Filter(
        "ordinal",
        "",
        "First, second and so on, in digits.",
        "3 | ordinal",
        "3rd",
        lambda scope, value: localised.ordinal(number(value), scope.locale),
    ),
    Filter(
        "spell",
        "",
        "A number in words.",
        "21 | spell",
        "twenty-one",
        lambda scope, value: localised.spelt(number(value), scope.locale),
    ),
    Filter(
        "plural",
        "one, other, …",
        "The form that a number asks for (CLDR); # is the number.",
        "3 | plural(one='# seat', other='# seats')",
        "3 seats",
        _plural,
    ),
    Filter(
        "date",
        "format, locale",
        "A date: short, medium, long, full, or letters such as yMMMd.",
        "'2026-11-23' | date('long')",
        "November 23, 2026",
        lambda scope, value, form="medium", locale=None: localised.date_text(
            text(value), text(form), text(locale) or scope.locale
        ),
    ),
    Filter(
        "time",
        "format",
        "A time of day: short, medium, or letters such as Hm.",
        "'2026-11-23T18:30' | time('Hm')",
        "18:30",
        lambda scope, value, form="short": localised.time_text(text(value), text(form), scope.locale),
    ),
    Filter(
        "days_until",
        "",
        "Whole days from the moment of the render to a date.",
        "'2026-11-25' | days_until",
        "2",
        lambda scope, value: localised.days_until(text(value), scope.now),
    ),
)
