"""The text stack: itemise, shape, break, fit and place a text with HarfBuzz and ICU."""

from __future__ import annotations

from tirage.engine.text.engine import TextEngine

__all__ = ["TextEngine"]
