"""What may stay in a drawing: elements, attributes, references and CSS values, by allow-lists."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

import tinycss2

from tirage.engine.values.css import nested_too_deep, text_of


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


ELEMENTS = _words("""
    svg g defs symbol use switch a path rect circle ellipse line polyline polygon text tspan textPath
    linearGradient radialGradient stop pattern clipPath mask marker image style filter feBlend feColorMatrix
    feComponentTransfer feComposite feConvolveMatrix feDiffuseLighting feDisplacementMap feDistantLight
    feDropShadow feFlood feFuncA feFuncB feFuncG feFuncR feGaussianBlur feMerge feMergeNode feMorphology
    feOffset fePointLight feSpecularLighting feSpotLight feTile feTurbulence
""")
"""Drawing elements only: nothing that runs, animates, links, embeds other documents or fetches (`feImage`)."""

PROPERTIES = _words("""
    alignment-baseline baseline-shift clip-path clip-rule color color-interpolation color-interpolation-filters
    direction display dominant-baseline fill fill-opacity fill-rule filter flood-color flood-opacity font-family
    font-size font-stretch font-style font-variant font-weight image-rendering isolation letter-spacing
    lighting-color line-height marker marker-end marker-mid marker-start mask mask-type mix-blend-mode opacity
    overflow paint-order shape-rendering stop-color stop-opacity stroke stroke-dasharray stroke-dashoffset
    stroke-linecap stroke-linejoin stroke-miterlimit stroke-opacity stroke-width text-anchor text-decoration
    text-rendering transform transform-box transform-origin unicode-bidi vector-effect visibility white-space
    word-spacing writing-mode x y cx cy r rx ry width height d
""")
"""Presentation properties: as attributes, in `style` attributes and in style sheets."""

ATTRIBUTES = PROPERTIES | _words("""
    amplitude azimuth baseFrequency bias class clipPathUnits diffuseConstant divisor dx dy edgeMode elevation
    exponent filterUnits fr fx fy gradientTransform gradientUnits id in in2 intercept k1 k2 k3 k4 kernelMatrix
    kernelUnitLength lengthAdjust limitingConeAngle markerHeight markerUnits markerWidth maskContentUnits
    maskUnits method mode numOctaves offset operator order orient pathLength patternContentUnits
    patternTransform patternUnits points pointsAtX pointsAtY pointsAtZ preserveAlpha preserveAspectRatio
    primitiveUnits radius refX refY result rotate scale seed side slope spacing specularConstant
    specularExponent spreadMethod startOffset stdDeviation stitchTiles style surfaceScale systemLanguage
    tableValues targetX targetY textLength type values version viewBox x1 x2 xChannelSelector y1 y2
    yChannelSelector z
""")

_FUNCTIONS = _words("""
    rgb rgba hsl hsla hwb matrix translate translatex translatey scale scalex scaley rotate skewx skewy calc
    blur brightness contrast drop-shadow grayscale hue-rotate invert opacity saturate sepia
""")
_DECLARATION = re.compile(r"[\w-]+\s*:[^;:(){}\[\]'\"\\/@!<]*")
_REFERENCE = re.compile(r"url\(\s*[\"']?#([^\"')\s]+)", re.IGNORECASE)


def safe_value(value: str) -> bool:
    """Whether a value refers to nothing outside the drawing: every `url()` is `#id`, every function is known."""
    if not any(sign in value for sign in "(\\@"):
        return True
    nodes = tinycss2.parse_component_value_list(value, skip_comments=True)
    return not nested_too_deep(nodes) and _safe(nodes)


def _safe(nodes: Sequence[Any]) -> bool:
    for node in nodes:
        if node.type in ("error", "at-keyword", "{} block"):
            return False
        if node.type == "url" and not str(node.value).startswith("#"):
            return False
        if node.type == "function":
            if node.lower_name == "url":
                inner = [part for part in node.arguments if part.type not in ("whitespace", "comment")]
                if len(inner) != 1 or inner[0].type != "string" or not str(inner[0].value).startswith("#"):
                    return False
            elif node.lower_name not in _FUNCTIONS or not _safe(node.arguments):
                return False
        elif node.type in ("() block", "[] block") and not _safe(node.content):
            return False
    return True


def safe_style(text: str) -> str:
    """The declarations of a `style` attribute that may stay."""
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if all(_DECLARATION.fullmatch(part) for part in parts):
        kept = [part for part in parts if part.split(":", 1)[0].strip().lower() in PROPERTIES]
        return ";".join(kept)
    return ";".join(
        f"{name}:{value}{' !important' if important else ''}"
        for name, value, important in declarations(tinycss2.parse_blocks_contents(text, skip_comments=True))
    )


def declarations(nodes: Sequence[Any]) -> Iterator[tuple[str, str, bool]]:
    """The declarations among parsed nodes that may stay: name, value, whether it is important."""
    for node in nodes:
        known = node.type == "declaration" and node.lower_name in PROPERTIES
        if known and not nested_too_deep(node.value) and _safe(node.value):
            yield node.lower_name, text_of(node.value), bool(node.important)


def references(value: str) -> list[str]:
    """The ids that a value refers to."""
    return _REFERENCE.findall(value) if "#" in value else []
