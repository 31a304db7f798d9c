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
from itertools import groupby, pairwise

from tirage.engine.options import Meta
from tirage.engine.parted import parts
from tirage.engine.scene import Glyphs, Group, Node


@dataclass(frozen=True, slots=True)
class GlyphTexts:
    """What the glyphs of one font stand for. `certain` holds for glyphs that are a cluster of their own; `likely` gives
    the text of a cluster of several to its first glyph, for want of better knowledge. `runs` has the clusters of whole
    runs by their glyphs: how many glyphs each takes, and its text."""

    certain: dict[int, str] = field(default_factory=dict)
    likely: dict[int, str] = field(default_factory=dict)
    runs: dict[tuple[int, ...], tuple[tuple[int, str], ...]] = field(default_factory=dict)


_FONT = re.compile(rb"/Subtype /Type0\s+/BaseFont /[A-Z]{6}\+(\S+)\s+/Encoding /Identity-H[^>]*?/ToUnicode (\d+) 0 R")
_BASE_FONT = re.compile(rb"/BaseFont /[A-Z]{6}\+(\S+)")
_STREAM = re.compile(rb"\n(\d+) 0 obj\n(<<(?:(?!endobj|stream).)*?/FlateDecode\s+/Length (\d+)>>) stream\n", re.DOTALL)
# What Skia writes for a run: the font (its resource is named by its object's number), then moves and glyphs.
_BLOCK = re.compile(rb"(BT\n/F(\d+) \S+ Tf\n(?:\S+ ){6}Tm\n)(.*?)ET\n", re.DOTALL)
_SHOWN = re.compile(rb"(\S+ \S+ Td )?<((?:[0-9A-F]{4})+)> Tj\n")
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
    for whole in _runs(nodes):
        run, _ = parts(whole)
        known = texts.setdefault(run.typeface.handle.getPostScriptName(), GlyphTexts())
        ends = dict(pairwise(sorted({*run.clusters, len(run.text)})))
        if len(run.clusters) == len(run.glyphs):
            found = tuple((len(list(same)), run.text[start : ends[start]]) for start, same in groupby(run.clusters))
            known.runs.setdefault(tuple(run.glyphs), found)
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
    for number, stream in _content_streams(data):
        told = _BLOCK.sub(lambda block: _told(block, data, texts), stream)
        if told != stream:
            packed = zlib.compress(told, 6)
            head = _object(data, number).split(b">> stream\n", 1)[0]
            head = re.sub(rb"/Length \d+", b"/Length %d" % len(packed), head)
            changed[number] = b"%b>> stream\n%b\nendstream" % (head, packed)
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


def _content_streams(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The numbers and the unpacked bytes of streams that show text."""
    for head in _STREAM.finditer(data):
        if b"/Length1" not in head[2] and b"/Image" not in head[2]:
            content = zlib.decompressobj().decompress(data[head.end() : head.end() + int(head[3])])
            if b"BT\n" in content:
                yield int(head[1]), content


def _told(block: re.Match[bytes], data: bytes, texts: Mapping[str, GlyphTexts]) -> bytes:
    """A run's operators, with what it says around each cluster that a map of single glyphs cannot tell.

    Fonts compose letters of a body and dots that many letters share; only ActualText (ISO 32000-1, 14.9.4) has them.
    """
    font = _BASE_FONT.search(_object(data, int(block[2])))
    known = texts.get(font[1].decode("latin-1")) if font else None
    shown = [
        (move if at == 0 else b"", int(glyphs[at : at + 4], 16))
        for move, glyphs in _SHOWN.findall(block[3])
        for at in range(0, len(glyphs), 4)
    ]
    clusters = known.runs.get(tuple(glyph for _, glyph in shown)) if known else None
    if known is None or clusters is None or _SHOWN.sub(b"", block[3]):
        return block[0]
    waiting, lines = iter(shown), []
    for size, text in clusters:
        glyphs = [next(waiting) for _ in range(size)]
        operators = b"".join(b"%b<%04X> Tj\n" % glyph for glyph in glyphs)
        if size > 1 or known.certain.get(glyphs[0][1]) != text:
            hidden = (b"\xfe\xff" + text.encode("utf-16-be")).hex().upper().encode()
            operators = b"/Span <</ActualText <%b>>> BDC\n%bEMC\n" % (hidden, operators)
        lines.append(operators)
    changed = any(b"BDC" in line for line in lines)
    return block[1] + b"".join(lines) + b"ET\n" if changed else block[0]


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
