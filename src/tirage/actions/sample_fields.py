"""A template → what random rows for it need to know of its variables."""

from __future__ import annotations

from collections.abc import Iterator

from tirage.engine.expand import as_json, text_of
from tirage.engine.layer import properties_of
from tirage.engine.template import Template
from tirage.sampling import SampleField


def sample_fields(template: Template) -> Iterator[SampleField]:
    """The variables, and where there are none the properties that layers call dynamic."""
    for each in template.document.variables:
        given = [text_of(row[each.name]) for row in template.document.sample_rows if row.get(each.name)]
        is_image = each.type == "image"
        yield SampleField(
            each.name,
            each.type,
            None if each.sample is None or is_image else text_of(as_json(each.sample)),
            None if each.default is None else text_of(as_json(each.default)),
            each.description or None,
            samples=tuple(text for text in given if not is_image or text.startswith(("http:", "https:", "data:"))),
        )
    if template.document.variables:
        return
    for layer in template.layers.values():
        for key in layer.dynamic:
            known = properties_of(type(layer)).get(key)
            shown = getattr(layer, known.attribute, None) if known else None
            kind = "image" if key == "imageUrl" else "color" if key.lower().endswith("color") else "text"
            text = shown if isinstance(shown, str) and shown else None
            yield SampleField(f"{layer.name}.{key}", kind, text, text if kind == "image" else None)
