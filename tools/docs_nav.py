"""MkDocs hook: the folders of docs/ in reading order, each under its title; pages within a folder stay by file name."""

from __future__ import annotations

from typing import Any

# First what teaches, then what helps, then what is looked up, then why it is so.
ORDER = {
    "tutorial": "Tutorial",
    "how-to": "How-to",
    "reference": "Reference",
    "explanation": "Explanation",
    "decisions": "Decisions",
}


def on_nav(nav: Any, config: Any, files: Any) -> Any:
    """Sort the site's top level: the front page, the folders of `ORDER`, then any other."""
    places = {name: place for place, name in enumerate(ORDER, start=1)}
    ordered = []
    for item in nav.items:
        folder = _folder(item)
        if item.is_section and folder in ORDER:
            item.title = ORDER[folder]
        ordered.append((places.get(folder, len(places) + 1) if item.is_section else 0, item))
    nav.items = [item for _, item in sorted(ordered, key=lambda pair: pair[0])]
    return nav


def _folder(item: Any) -> str:
    """The folder that a section stands for: that of any page in it."""
    while item.is_section:
        item = item.children[0]
    return str(item.file.src_uri.split("/")[0]) if item.is_page else ""
