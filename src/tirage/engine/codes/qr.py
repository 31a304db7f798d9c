"""A text → the modules of a QR code or Micro QR code (ISO/IEC 18004), its finder patterns apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import segno

from tirage.engine.codes.modules import Modules
from tirage.engine.codes.problems import value_problem

ErrorCorrection = Literal["L", "M", "Q", "H"]
RECOVERS = {"L": 0.07, "M": 0.15, "Q": 0.25, "H": 0.30}
"""The share of codewords that may be lost."""
_EYE = 7


@dataclass(frozen=True, slots=True)
class QrCode:
    """A symbol: all modules, the level that it has, and the top left of each finder pattern (7 × 7 modules)."""

    modules: Modules
    level: str
    eyes: tuple[tuple[int, int], ...]
    quiet: int

    @property
    def body(self) -> Modules:
        """The modules without the finder patterns."""
        return self.modules.without([(x, y, x + _EYE, y + _EYE) for x, y in self.eyes])


@lru_cache(maxsize=256)
def qr_code(value: str, level: str, *, micro: bool = False) -> QrCode:
    """The smallest symbol of the error correction level. Raises ResourceProblem `code_value_invalid` for long values.

    A higher level is taken where the symbol does not grow by it.
    """
    try:
        made = segno.make(value, error=level, micro=micro, boost_error=True)
    except segno.DataOverflowError:
        kind = "Micro QR code" if micro else "QR code"
        size = len(value.encode())
        raise value_problem(
            f"The value has {size} bytes, more than a {kind} of level {level} can hold.",
            "Shorten it" + ("." if micro else ", or choose a lower error correction: L holds 2,953 bytes, H 1,273."),
        ) from None
    except ValueError as error:
        raise value_problem(f"This cannot be a {'Micro ' if micro else ''}QR code: {error}.") from None
    rows = tuple(bytes(1 if each else 0 for each in row) for row in made.matrix)
    far = len(rows) - _EYE
    eyes = ((0, 0),) if made.is_micro else ((0, 0), (far, 0), (0, far))
    return QrCode(Modules(rows), made.error or level, eyes, int(made.default_border_size))
