"""PDFs of ours, one after the other → one PDF with all their pages, written as they come and never held."""

from __future__ import annotations

import hashlib
import re
from array import array
from collections.abc import AsyncIterator, Iterator

from tirage.engine.errors import Problem, RenderProblem

_CATALOG, _PAGES = 1, 2
_SECTION = re.compile(
    rb"xref\s+((?:\d+ \d+\s+(?:\d{10} \d{5} [nf][ \r]?\n)++)++)trailer\s*(<<.*?>>)\s*startxref", re.DOTALL
)
_RUN = re.compile(rb"(\d+) (\d+)\s+((?:\d{10} \d{5} [nf][ \r]?\n)+)")
_HEAD = re.compile(rb"\s*\d+ 0 obj\s")
_BODY = re.compile(rb"\bstream\r?\n")
# References, but for what looks like one inside a string (ISO 32000-1, 7.3.4 and 7.3.10).
_REFERENCE = re.compile(rb"\((?:\\.|[^()\\])*\)|<[0-9A-Fa-f\s]*>|\b(\d+) 0 R\b", re.DOTALL)


class PdfMerger:
    """Makes the bytes of the merged document part by part: `begin`, then `add` for each document, then `end`."""

    def __init__(self) -> None:
        self._written = 0
        self._offsets = array("Q", [0, 0, 0])
        self._trees: list[tuple[int, int]] = []
        self._digest = hashlib.sha256()

    def begin(self) -> bytes:
        """The header."""
        return self._say(b"%PDF-1.7\n%\xd3\xeb\xe9\xe1\n")

    def add(self, data: bytes) -> bytes:
        """The objects of one more document. Raises RenderProblem `pdf_unreadable` where it is none of ours."""
        try:
            return self._say(b"".join(self._objects(data)))
        except (ValueError, KeyError, IndexError, TypeError) as error:
            raise RenderProblem(Problem("pdf_unreadable", f"A PDF of the batch cannot be merged: {error}.")) from error

    def end(self) -> bytes:
        """Page tree, catalog, table of objects and trailer."""
        kids = b" ".join(b"%d 0 R" % number for number, _ in self._trees)
        count = sum(pages for _, pages in self._trees)
        told = self._object(_PAGES, b"<</Type /Pages\n/Count %d\n/Kids [%b]>>" % (count, kids))
        told += self._object(_CATALOG, b"<</Type /Catalog\n/Pages %d 0 R>>" % _PAGES, len(told))
        start = self._written + len(told)
        size = len(self._offsets)
        name = self._digest.hexdigest()[:32].encode()
        table = b"".join(b"%010d 00000 n \n" % each for each in self._offsets[1:])
        trailer = b"trailer\n<</Size %d\n/Root %d 0 R\n/ID [<%b> <%b>]>>\n" % (size, _CATALOG, name, name)
        return told + b"xref\n0 %d\n0000000000 65535 f \n%b%bstartxref\n%d\n%%%%EOF\n" % (size, table, trailer, start)

    def _objects(self, data: bytes) -> Iterator[bytes]:
        places, ends, trailer = _table(data)
        root = _slice(data, places[_number(trailer, b"Root")], ends)
        tree = _number(root, b"Pages")
        left_out = {_number(trailer, b"Root"), _number(trailer, b"Info")}
        # Numbers in the new document, in the order of the old ones.
        base = len(self._offsets)
        kept = [number for number in sorted(places) if number not in left_out]
        numbers = {old: base + place for place, old in enumerate(kept)}
        self._offsets.extend(0 for _ in kept)
        before = 0
        for old in kept:
            body = _slice(data, places[old], ends)
            found = _BODY.search(body)
            head, rest = (body[: found.start()], body[found.start() :]) if found else (body, b"")
            if old == tree:
                self._trees.append((numbers[old], _number(head, b"Count", reference=False)))
                head = head.rstrip().removesuffix(b">>") + b"\n/Parent %d 0 R>>" % _PAGES
            renumbered = _REFERENCE.sub(
                lambda each: each[0] if each[1] is None else b"%d 0 R" % numbers[int(each[1])], head
            )
            written = self._object(numbers[old], renumbered + rest, before)
            before += len(written)
            yield written

    def _object(self, number: int, body: bytes, before: int = 0) -> bytes:
        self._offsets[number] = self._written + before
        return b"%d 0 obj\n%b\nendobj\n" % (number, body)

    def _say(self, data: bytes) -> bytes:
        self._written += len(data)
        self._digest.update(data)
        return data


async def merged(documents: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """One document with the pages of all, in their order."""
    merger = PdfMerger()
    yield merger.begin()
    async for each in documents:
        yield merger.add(each)
    yield merger.end()


def _table(data: bytes) -> tuple[dict[int, int], list[int], bytes]:
    """Where every object lies, by number, of the newest update; all places where something begins; the last trailer."""
    places: dict[int, int] = {}
    ends = {len(data)}
    newest = b""
    start: int | None = int(data[data.rindex(b"startxref") + 9 :].split()[0])
    while start is not None:
        found = _SECTION.match(data, start)
        if found is None:
            raise ValueError("its table of objects is unknown")
        newest = newest or found[2]
        ends.add(start)
        for first, _, entries in _RUN.findall(found[1]):
            for place, line in enumerate(entries.split(b"\n")[:-1]):
                if line[17:18] == b"n":
                    ends.add(int(line[:10]))  # of objects too that an update has replaced
                    places.setdefault(int(first) + place, int(line[:10]))
        before = re.search(rb"/Prev (\d+)", found[2])
        start = int(before[1]) if before else None
    return places, sorted(ends), newest


def _slice(data: bytes, start: int, ends: list[int]) -> bytes:
    """What an object holds, between its number and its end."""
    after = next(end for end in ends if end > start)
    head = _HEAD.match(data, start)
    if head is None:
        raise ValueError("an object is not where its table says")
    return data[head.end() : data.rindex(b"endobj", start, after)].rstrip()


def _number(text: bytes, key: bytes, *, reference: bool = True) -> int:
    found = re.search(rb"/%b (\d+)%b" % (key, rb" 0 R" if reference else rb"\b"), text)
    if found is None:
        raise ValueError(f"it lacks {key.decode()}")
    return int(found[1])
