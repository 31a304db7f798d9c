"""A PDF by Skia → the same with dates, an id, a language, and the text behind every glyph.

Skia derives the text of a glyph from the font's character map, which knows neither ligatures nor the joined forms of
Arabic or Devanagari; the shaped runs know all of them. What changes is appended as an incremental update
(ISO 32000-1, 7.5.6), so that Skia's own bytes stay as they are.
"""

from __future__ import annotations

import hashlib
import re
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise

from tirage.engine.options import Meta
from tirage.engine.scene import Glyphs, Group, Node


@dataclass(frozen=True, slots=True)
class GlyphTexts:
    """What the glyphs of one font stand for. `certain` holds for glyphs that are a cluster of their own; `likely` gives
    the text of a cluster of several to its first glyph, for want of better knowledge."""

    certain: dict[int, str] = field(default_factory=dict)
    likely: dict[int, str] = field(default_factory=dict)


_FONT = re.compile(rb"/Subtype /Type0\s+/BaseFont /[A-Z]{6}\+(\S+)\s+/Encoding /Identity-H[^>]*?/ToUnicode (\d+) 0 R")
_MOST_IN_A_BLOCK = 100
_CMAP = """/CIDInit /ProcSet findresource begin
12 dict begin
begincmap
/CIDSystemInfo << /Registry (Adobe) /Ordering (UCS) /Supplement 0 >> def
/CMapName /Adobe-Identity-UCS def
/CMapType 2 def
1 begincodespacerange
<0000> <FFFF>
endcodespacerange
{}endcmap
CMapName currentdict /CMap defineresource pop
end
end
"""


def glyph_texts(nodes: Iterable[Node]) -> dict[str, GlyphTexts]:
    """What every glyph of the runs under `nodes` stands for, by the PostScript name of its font."""
    texts: dict[str, GlyphTexts] = {}
    for run in _runs(nodes):
        known = texts.setdefault(run.typeface.handle.getPostScriptName(), GlyphTexts())
        ends = dict(pairwise(sorted({*run.clusters, len(run.text)})))
        sizes = Counter(run.clusters)
        for glyph, start in zip(run.glyphs, run.clusters, strict=False):
            if start in ends:
                chosen = known.certain if sizes[start] == 1 else known.likely
                chosen.setdefault(glyph, run.text[start : ends.pop(start)])
    return texts


def _runs(nodes: Iterable[Node]) -> Iterator[Glyphs]:
    for node in nodes:
        if isinstance(node, Glyphs):
            yield node
        elif isinstance(node, Group):
            yield from _runs(node.children)
            if node.mask is not None:
                yield from _runs((node.mask.content,))


def updated(data: bytes, meta: Meta, texts: Mapping[str, GlyphTexts]) -> bytes:
    """The document with an update appended. Its id is the hash of recipe and content: the same for the same bytes."""
    trailer = data[data.rindex(b"trailer") :]
    size, root, info = (_integer(rb"/" + key + rb" (\d+)", trailer) for key in (b"Size", b"Root", b"Info"))
    changed: dict[int, bytes] = {}
    if meta.created is not None:
        stamp = _date(meta.created)
        changed[info] = _object(data, info)[:-2] + b"\n/CreationDate %b\n/ModDate %b>>" % (stamp, stamp)
    if meta.language and re.fullmatch(r"[A-Za-z0-9-]{1,35}", meta.language):
        changed[root] = _object(data, root)[:-2] + b"\n/Lang (%b)>>" % meta.language.encode()
    for name, number in _FONT.findall(data):
        known = texts.get(name.decode("latin-1"))
        if known is not None:
            skias = _read_map(_object(data, int(number)))
            changed[int(number)] = _to_unicode({**known.likely, **skias, **known.certain})
    written, table = data, b""
    for number in sorted(changed):
        table += b"%d 1\n%010d 00000 n \n" % (number, len(written))
        written += b"%d 0 obj\n%b\nendobj\n" % (number, changed[number])
    start = len(written)
    name = hashlib.sha256(meta.recipe.encode() + written).hexdigest()[:32].encode()
    written += b"xref\n0 1\n0000000000 65535 f \n" + table
    written += b"trailer\n<</Size %d\n/Root %d 0 R\n/Info %d 0 R\n/Prev %d\n" % (
        size, root, info, _integer(rb"startxref\s+(\d+)", trailer)
    )  # fmt: skip
    return written + b"/ID [<%b> <%b>]>>\nstartxref\n%d\n%%%%EOF\n" % (name, name, start)


def _integer(pattern: bytes, data: bytes) -> int:
    found = re.search(pattern, data)
    if found is None:
        raise AssertionError(f"Skia's PDF has no {pattern!r}")
    return int(found[1])


def _object(data: bytes, number: int) -> bytes:
    """The body of an indirect object, found through the cross-reference table, whose entries have 20 bytes each."""
    table = _integer(rb"startxref\s+(\d+)", data[-40:])
    first = data.index(b"\n", data.index(b"\n", table) + 1) + 1
    start = data.index(b"obj\n", int(data[first + 20 * number :][:10])) + 4
    return data[start : data.index(b"\nendobj\n", start)]


def _date(when: datetime) -> bytes:
    offset = when.strftime("%z")
    zone = f"{offset[:3]}'{offset[3:5]}'" if offset and int(offset) else "Z"
    return f"(D:{when:%Y%m%d%H%M%S}{zone})".encode()


def _read_map(stream: bytes) -> dict[int, str]:
    """Skia's own mapping, for the glyphs of runs that carry no text."""
    raw = stream[stream.index(b"stream\n") + 7 :]
    # What follows the compressed bytes is not looked at.
    content = zlib.decompressobj().decompress(raw) if b"/FlateDecode" in stream else raw
    read: dict[int, str] = {}
    for block in re.findall(rb"beginbfchar(.*?)endbfchar", content, re.DOTALL):
        for glyph, text in re.findall(rb"<(\w+)> <(\w+)>", block):
            read[int(glyph, 16)] = bytes.fromhex(text.decode()).decode("utf-16-be", "replace")
    for block in re.findall(rb"beginbfrange(.*?)endbfrange", content, re.DOTALL):
        for first, last, text in re.findall(rb"<(\w+)> <(\w+)> <(\w+)>", block):
            for index, glyph in enumerate(range(int(first, 16), int(last, 16) + 1)):
                read[glyph] = chr(int(text, 16) + index)
    # Skia writes U+0000 for glyphs that the font's character map does not reach.
    return {glyph: text for glyph, text in read.items() if text != "\0"}


def _to_unicode(known: Mapping[int, str]) -> bytes:
    """A ToUnicode stream (ISO 32000-1, 9.10.3)."""
    lines = [f"<{glyph:04X}> <{text.encode('utf-16-be').hex().upper()}>\n" for glyph, text in sorted(known.items())]
    blocks = [lines[at : at + _MOST_IN_A_BLOCK] for at in range(0, len(lines), _MOST_IN_A_BLOCK)]
    body = "".join(f"{len(block)} beginbfchar\n{''.join(block)}endbfchar\n" for block in blocks)
    packed = zlib.compress(_CMAP.format(body).encode(), 6)
    return b"<</Filter /FlateDecode\n/Length %d>> stream\n%b\nendstream" % (len(packed), packed)
