"""What would go wrong in a row's picture, told without drawing it."""

from __future__ import annotations

from tirage.engine.survey.surveyor import Surveyed, Surveyor

__all__ = ["Surveyed", "Surveyor"]
