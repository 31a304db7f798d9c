"""What is wrong with a code's value, and colours or sizes that scanners stumble over."""

from __future__ import annotations

from tirage.engine.errors import Problem, ResourceProblem
from tirage.engine.lowering import LowerContext
from tirage.engine.values.color import Color
from tirage.engine.values.fill import Fill, Gradient

LEAST_PIXELS = 2.0
"""Device pixels that a module needs so that it is still seen after JPEG compression."""
LEAST_MM = 0.25
"""Millimetres on paper: what office printers keep apart and phones still see (GS1 asks for about as much)."""
_LEAST_CONTRAST = 3.0
_LEAST_SHARE = 0.8


def value_problem(message: str, hint: str = "") -> ResourceProblem:
    """An error about the layer's value."""
    return ResourceProblem(Problem("code_value_invalid", message, "/value", hint or None))


def warn_of_size(ctx: LowerContext, cell: float) -> None:
    """Tell when modules become too small in the output."""
    pixels = cell * ctx.scale
    if pixels < LEAST_PIXELS:
        ctx.warn(
            "code_dense",
            f"A module of the code is {pixels:.1f} pixels wide; below {LEAST_PIXELS:g} scanners fail. "
            "Enlarge the layer, raise the scale or shorten the value.",
            key="value",
        )
    elif ctx.px_mm is not None and cell * ctx.px_mm < LEAST_MM:
        ctx.warn(
            "code_dense",
            f"A module of the code is {cell * ctx.px_mm:.2f} mm wide on paper; below {LEAST_MM:g} mm scanners fail. "
            "Enlarge the layer, lower the dpi or shorten the value.",
            key="value",
        )


def warn_of_quiet(ctx: LowerContext, quiet: float | None, standard: float) -> None:
    """Tell when less than half of the standard's quiet zone is left: scanners do not find where the code begins.

    Zero says that the design itself keeps room around the layer.
    """
    if quiet is not None and 0 < quiet < standard / 2:
        ctx.warn(
            "code_quiet_zone",
            f"The quiet zone is {quiet:g} modules; the standard asks for {standard:g}. "
            "Leave quietZone out, or set 0 where the design keeps as much empty around the layer.",
            key="quietZone",
        )


def whole_pixels(cell: float, ctx: LowerContext, *, bars: bool = False) -> float:
    """A module's side, made whole device pixels for sharp edges where the code does not shrink much by it.

    With `bars` always: scanners measure the widths of bars, and blurred ones of one or two pixels are not read.
    """
    pixels = cell * ctx.scale
    if ctx.vector or pixels < 1 or (not bars and int(pixels) / pixels < _LEAST_SHARE):
        return cell
    return int(pixels) / ctx.scale


def warn_of_colors(ctx: LowerContext, fill: Fill, ground: Color) -> None:
    """Tell when the code is too pale, or lighter than its ground, which many scanners do not read."""
    if ground.alpha < 1:
        return
    colors = [stop.color for stop in fill.stops] if isinstance(fill, Gradient) else [fill]
    for color in colors:
        if not isinstance(color, Color):
            continue
        contrast, inverted = color.contrast(ground), color.luminance > ground.luminance
        if contrast < _LEAST_CONTRAST or inverted:
            why = "is lighter than its ground" if inverted else f"has a contrast of {contrast:.1f}:1 only"
            ctx.warn("code_contrast", f"The code {why}: many scanners will not read it.", key="color")
            return
