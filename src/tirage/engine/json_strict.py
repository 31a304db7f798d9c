"""Bytes → JSON value, strictly: no NaN, no duplicate keys, no lone surrogates, bounded depth and size."""

from __future__ import annotations

import json
from typing import Any

import orjson

from tirage.engine.errors import Problem, TemplateProblem

MAX_JSON_DEPTH = 100


def read_json(source: bytes | str, max_bytes: int) -> Any:
    """Read one JSON value in UTF-8. Raises TemplateProblem `json_too_large`, `json_invalid` or `json_too_deep`."""
    try:
        data = source.encode() if isinstance(source, str) else bytes(source)
    except UnicodeEncodeError:
        raise TemplateProblem(Problem("json_invalid", "The text holds lone surrogates (half characters).")) from None
    if len(data) > max_bytes:
        raise TemplateProblem(Problem("json_too_large", f"The document is larger than {max_bytes:,} bytes."))
    try:
        # orjson is the strict judge: NaN, lone surrogates, overlong UTF-8, a BOM and trailing junk are errors.
        value = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        place = f" (line {error.lineno}, column {error.colno})"
        deep = "depth" in error.msg or "recursion" in error.msg
        code = "json_too_deep" if deep else "json_invalid"
        raise TemplateProblem(Problem(code, f"This is not valid JSON: {error.msg}{place}.")) from None
    if _depth(value) > MAX_JSON_DEPTH:
        raise TemplateProblem(Problem("json_too_deep", f"The document is nested deeper than {MAX_JSON_DEPTH} levels."))
    # It keeps the last of duplicate keys and rounds big integers silently; the second reading finds both.
    return json.loads(data, object_pairs_hook=_object, parse_int=_integer)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    read = dict(pairs)
    if len(read) != len(pairs):
        twice, seen = "", set[str]()
        for twice, _ in pairs:
            if twice in seen:
                break
            seen.add(twice)
        raise TemplateProblem(Problem("json_duplicate_key", f"The key {twice[:100]!r} stands twice in one object."))
    return read


def _integer(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > 2**53:
        raise TemplateProblem(Problem("number_too_large", f"The number {digits[:30]}… is beyond ±2^53."))
    return int(digits)


def _depth(value: Any) -> int:
    deepest, level = 0, [value]
    while level:
        deepest += 1
        if deepest > MAX_JSON_DEPTH:
            break
        level = [
            child
            for node in level
            if isinstance(node, dict | list)
            for child in (node.values() if isinstance(node, dict) else node)
        ]
    return deepest


def as_tuples(value: Any) -> Any:
    """JSON lists as tuples: what is frozen holds no lists, and strict validation takes none for them."""
    if isinstance(value, list):
        return tuple(as_tuples(item) for item in value)
    return {key: as_tuples(item) for key, item in value.items()} if isinstance(value, dict) else value
