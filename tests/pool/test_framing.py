"""Frames survive any cutting of the stream, and nothing that is not a frame gets through."""

from __future__ import annotations

import io
import os
import socket
import struct
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tirage.pool.framing import (
    ChannelClosed,
    DescriptorStream,
    Frame,
    FrameBounds,
    FrameReader,
    Kind,
    Packet,
    ProtocolError,
    encode,
    read_frame,
    send_some,
    write_frame,
)

BOUNDS = FrameBounds(header_bytes=1000, body_bytes=10_000_000, parts=16)


def _preface(*, magic: bytes = b"TRG1", kind: int = 2, zero: int = 0, parts: int = 0, header: int = 0) -> bytes:
    return struct.pack("<4sBBHIQ", magic, kind, zero, parts, header, 7)


@given(
    frames=st.lists(st.tuples(st.binary(max_size=50), st.lists(st.binary(max_size=300), max_size=5)), max_size=4),
    cut=st.integers(1, 400),
)
def test_round_trip_in_pieces(frames: list[tuple[bytes, list[bytes]]], cut: int) -> None:
    """Whatever the pieces in which the bytes arrive, the same frames come out."""
    stream = b"".join(
        b"".join(encode(Kind.RESULT, number, header, parts)) for number, (header, parts) in enumerate(frames)
    )
    reader = FrameReader(BOUNDS)
    got: list[Frame] = []
    for start in range(0, len(stream), cut):
        got += reader.feed(memoryview(stream[start : start + cut]))
    assert got == [Frame(Kind.RESULT, number, header, parts) for number, (header, parts) in enumerate(frames)]


@given(st.binary(max_size=200))
def test_noise_is_refused_or_waited_for(noise: bytes) -> None:
    """Random bytes raise `ProtocolError` or leave the reader waiting; they never give a frame by chance."""
    try:
        assert FrameReader(BOUNDS).feed(memoryview(noise)) == []
    except ProtocolError:
        return


@pytest.mark.parametrize(
    "bad",
    [
        _preface(magic=b"HTTP"),
        _preface(kind=0),
        _preface(kind=99),
        _preface(zero=1),
        _preface(header=1001),
        _preface(parts=17),
        _preface(parts=1) + struct.pack("<Q", 10 * 1024**3),
        _preface(parts=2) + struct.pack("<QQ", 2**63, 2**63),
    ],
)
def test_bounds(bad: bytes) -> None:
    """A preface or a length beyond the bounds is refused before anything is allocated for it."""
    with pytest.raises(ProtocolError):
        FrameReader(BOUNDS).feed(memoryview(bad))


def test_through_a_socket_with_a_large_part() -> None:
    """Five megabytes pass a small socket buffer, part by part, and the closed end is told."""
    left, right = socket.socketpair()
    left.setblocking(False)
    right.setblocking(False)
    parts = [os.urandom(5_000_000), b"", b"end"]
    outgoing = deque([Packet.of(encode(Kind.RESULT, 1, b"{}", parts))])
    reader = FrameReader(BOUNDS)
    got: list[Frame] = []
    while not got:
        send_some(left, outgoing)
        got = reader.receive(right)
    assert got == [Frame(Kind.RESULT, 1, b"{}", parts)]
    with pytest.raises(BlockingIOError):
        reader.receive(right)
    left.close()
    with pytest.raises(ChannelClosed):
        reader.receive(right)
    right.close()


def test_blocking_side() -> None:
    """What the child writes the child could read: the blocking functions speak the same frames."""
    out, back = os.pipe()
    write_frame(back, encode(Kind.JOB, 9, b'{"a":1}', [b"one", b"", b"three"]))
    os.close(back)
    with os.fdopen(out, "rb") as stream:
        assert read_frame(stream) == Frame(Kind.JOB, 9, b'{"a":1}', [b"one", b"", b"three"])
        assert read_frame(stream) is None


def test_descriptors_keep_their_frames(tmp_path: Path) -> None:
    """Descriptors reach the reader in the order of their frames, however many frames a read takes in at once."""
    left, right = socket.socketpair()
    outgoing: deque[Packet] = deque()
    for number in range(4):
        path = tmp_path / str(number)
        path.write_text(f"content {number}")
        with path.open("rb") as file:
            handles = [os.dup(file.fileno())] if number != 1 else []
        outgoing.append(Packet.of(encode(Kind.JOB, number, b"{}", [b"p" * 10]), handles))
    sent = [handle for packet in outgoing for handle in packet.descriptors]
    send_some(left, outgoing)
    assert not outgoing
    left.close()
    for handle in sent:
        os.close(handle)
    raw = DescriptorStream(right)
    with io.BufferedReader(raw, 64 * 1024) as stream:
        assert [read_frame(stream) == Frame(Kind.JOB, number, b"{}", [b"p" * 10]) for number in range(4)] == [True] * 4
        assert read_frame(stream) is None
    assert [os.read(handle, 100) for handle in raw.descriptors] == [b"content 0", b"content 2", b"content 3"]
    for handle in raw.descriptors:
        os.close(handle)
    right.close()


def test_a_cut_frame_is_the_end() -> None:
    """A stream that ends inside a frame ends the conversation."""
    whole = b"".join(encode(Kind.JOB, 9, b"{}", [b"12345"]))
    for length in range(len(whole)):
        if length >= 20 + 8:
            assert read_frame(io.BytesIO(whole[:length])) is None
