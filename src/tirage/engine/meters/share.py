"""A value and its maximum → the share that is drawn, and a warning where the value lies outside."""

from __future__ import annotations

from tirage.engine.lowering import LowerContext


def share_of(ctx: LowerContext, value: float, most: float) -> float:
    """The share, 0…1; a value beyond the maximum is told and drawn full."""
    if value > most:
        ctx.warn(
            "value_clamped",
            f"The value {value:g} is more than the maximum of {most:g}; it is drawn as full.",
            key="value",
        )
    return min(1.0, max(0.0, value / most))


def written(value: float) -> str:
    """A value as people write it: at most two decimals, none where it is whole."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
