"""Numbers of a chart → texts, as short as they can be while they still differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from tirage.engine.expressions import localised

ValueFormat = Literal["number", "compact", "percent", "currency"]
Writer = Callable[[float], str]
_MANY = 10_000
"""From here on compact numbers are short: 12K, 1.2M."""
_MOST_DECIMALS = 15


@dataclass(frozen=True, slots=True)
class Numbers:
    """How values are written; without `decimals` they have as many as they need."""

    form: ValueFormat
    currency: str
    decimals: int | None
    locale: str

    def writer(self, values: Sequence[float], *, differ: float) -> Writer:
        """One writing for all of these values, in which at least a share `differ` of the different ones differ."""
        asked = set(values)
        write: Writer = str
        for write in self._writers(values):
            if len({write(each) for each in asked}) >= len(asked) * differ:
                break
        return write

    def _writers(self, values: Sequence[float]) -> Iterator[Writer]:
        """The shortest writing first."""
        if self.decimals is not None:
            yield self._with(self.decimals)
            return
        largest = max((abs(each) for each in values), default=0.0)
        if self.form == "compact" and largest >= _MANY:
            yield lambda value: localised.compact(value, self.locale)
        if self.form == "percent" or (self.form == "currency" and all(each == int(each) for each in values)):
            yield self._with(0)
        yield self._with(None)
        for decimals in range(1, _MOST_DECIMALS):
            yield self._with(decimals)

    def _with(self, decimals: int | None) -> Writer:
        if self.form == "percent":
            return lambda value: localised.percentage(value, decimals or 0, self.locale)
        if self.form == "currency":
            return lambda value: localised.money(value, self.currency, decimals, self.locale)
        return lambda value: localised.number_text(value, decimals, self.locale)
