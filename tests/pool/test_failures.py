"""Errors cross the process border as data and come back as the same types."""

from __future__ import annotations

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.engine.errors import Problem, RenderProblem, ResourceProblem, RowProblem, TemplateProblem, TirageError
from tirage.pool.failures import decode_error, encode_error, is_memory

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
members = texts.filter(bool)
problems = st.builds(
    Problem, code=members, message=members, pointer=texts, hint=st.none() | members, closest=st.none() | members
)


@given(
    kind=st.sampled_from([TirageError, TemplateProblem, RowProblem, ResourceProblem, RenderProblem]),
    items=st.lists(problems, min_size=1, max_size=4),
    retryable=st.booleans(),
)
def test_round_trip(kind: type[TirageError], items: list[Problem], retryable: bool) -> None:
    """Type, problems and `retryable` survive."""
    back = decode_error(encode_error(kind(items, retryable=retryable)))
    assert type(back) is kind
    assert back.problems == tuple(items)
    assert back.retryable is retryable


def test_subclasses_arrive_as_the_known_base() -> None:
    """A type that is not in the table is sent as the nearest base that is."""

    class Special(RowProblem):
        pass

    assert type(decode_error(encode_error(Special(Problem("a", "b"))))) is RowProblem


def test_strangers_say_only_their_type() -> None:
    """The message of another exception, which may hold paths, does not leave the child."""
    sent = encode_error(FileNotFoundError("/secret/place"))
    assert b"secret" not in sent
    back = decode_error(sent)
    assert (type(back), back.code) == (RenderProblem, "render_failed")
    assert "FileNotFoundError" in str(back)


def test_memory() -> None:
    """A failed allocation has a code of its own."""
    sent = encode_error(MemoryError())
    assert is_memory(sent)
    assert decode_error(sent).code == "render_memory"


@pytest.mark.parametrize(
    "bad",
    [
        b"[]",
        b"{",
        b"{}",
        b'{"type":"","name":7}',
        b'{"type":"KeyError","problems":[{"code":"a","message":"b"}]}',
        b'{"type":"RowProblem","problems":[]}',
        b'{"type":"RowProblem","problems":[{"code":"a"}]}',
        b'{"type":"RowProblem","problems":[{"code":"a","message":["b"]}]}',
        orjson.dumps({"type": "RowProblem", "problems": [{"code": "a", "message": "b"}] * 1001}),
    ],
)
def test_malformed(bad: bytes) -> None:
    """Anything but the agreed shape is a `ValueError`, which ends the child that sent it."""
    with pytest.raises(ValueError):
        decode_error(bad)
