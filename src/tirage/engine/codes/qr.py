"""A text → the modules of a QR code or Micro QR code (ISO/IEC 18004), its finder patterns apart."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

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
    """The smallest symbol of the error correction level. Raises ResourceProblem `code_value_invalid`."""
    import numpy as np
    import zxingcpp  # native: loaded where codes are drawn, not where templates are read

    kind = "Micro QR code" if micro else "QR code"
    if not value.isprintable() and any(ord(each) < 32 and each not in "\t\r\n" for each in value):
        raise value_problem(f"The value of the {kind} holds control characters.", "Remove them.")
    symbol = zxingcpp.BarcodeFormat.MicroQRCode if micro else zxingcpp.BarcodeFormat.QRCode
    try:
        made = zxingcpp.create_barcode(value, symbol, ec_level=level)
    except ValueError:
        hint = "." if micro else ", or choose a lower error correction: L holds 2,953 bytes, H 1,273."
        raise value_problem(
            f"The value has {len(value.encode())} bytes, more than a {kind} of level {level} can hold.",
            f"Shorten it{hint}",
        ) from None
    dark = np.asarray(made.to_image(scale=1, add_quiet_zones=False)) == 0
    rows = tuple(bytes(row) for row in dark.astype(np.uint8))
    far = len(rows) - _EYE
    eyes = ((0, 0),) if micro else ((0, 0), (far, 0), (0, far))
    return QrCode(Modules(rows), made.ec_level or level, eyes, 2 if micro else 4)
