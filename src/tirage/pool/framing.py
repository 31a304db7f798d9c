"""Frames on a stream: a fixed preface, part lengths, a JSON header, raw parts; every number is checked before use.

The reader of replies trusts nothing: a child that was taken over can send any bytes, and none of them are unpickled.
Layout (little endian): magic 4 · kind u8 · zero u8 · parts u16 · header length u32 · job id u64 · part length u64 each
· header · parts.
"""

from __future__ import annotations

import errno
import io
import os
import socket
import struct
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import IO, Any

_PREFACE = struct.Struct("<4sBBHIQ")
_MAGIC = b"TRG1"
_SCRATCH_BYTES = 256 * 1024
_FIRST_BODY_BYTES = 1024 * 1024
_IOV_LIMIT = 512
_DESCRIPTORS_AT_ONCE = 253  # SCM_MAX_FD in the kernel: more than one message carries


class Kind(IntEnum):
    """What a frame carries."""

    JOB = 1
    RESULT = 2
    PROBLEM = 3
    EVENT = 4


class ProtocolError(Exception):
    """The bytes on the channel are not a frame within the bounds."""


class ChannelClosed(Exception):
    """The other side closed the channel."""


@dataclass(frozen=True, slots=True)
class FrameBounds:
    """The largest frame a reader accepts, in bytes."""

    header_bytes: int
    body_bytes: int
    parts: int = 4096


@dataclass(frozen=True, slots=True)
class Frame:
    """One message: `header` is undecoded JSON."""

    kind: int
    job_id: int
    header: bytes
    parts: list[bytes]


def encode(kind: Kind, job_id: int, header: bytes, parts: Sequence[bytes]) -> list[bytes]:
    """The frame as buffers, to be sent one after the other; the parts are not copied."""
    if len(parts) > 0xFFFF:
        raise ValueError(f"A frame carries at most 65535 parts, not {len(parts)}.")
    preface = _PREFACE.pack(_MAGIC, kind, 0, len(parts), len(header), job_id)
    lengths = struct.pack(f"<{len(parts)}Q", *map(len, parts))
    return [preface + lengths + header, *parts]


def write_frame(descriptor: int, buffers: Sequence[bytes]) -> None:
    """Writes all buffers to a blocking descriptor."""
    pending = [memoryview(buffer) for buffer in buffers if buffer]
    while pending:
        written = os.writev(descriptor, pending[:_IOV_LIMIT])
        drop_written(pending, written)


def drop_written(pending: list[memoryview], written: int) -> None:
    """Takes `written` bytes off the front of `pending`."""
    done = 0
    while done < len(pending) and written >= len(pending[done]):
        written -= len(pending[done])
        done += 1
    del pending[:done]
    if written:
        pending[0] = pending[0][written:]


@dataclass(slots=True, eq=False)
class Packet:
    """A frame on its way out. The descriptors travel with its first byte; `read_frame`'s channel keeps their order."""

    pending: list[memoryview]
    descriptors: Sequence[int] = ()

    @classmethod
    def of(cls, buffers: Sequence[bytes], descriptors: Sequence[int] = ()) -> Packet:
        """The packet of a frame's buffers."""
        return cls([memoryview(buffer) for buffer in buffers if buffer], descriptors)


def send_some(channel: socket.socket, outgoing: deque[Packet]) -> None:
    """Sends as much as a non-blocking socket takes now, and removes it from the line."""
    try:
        while outgoing:
            packet = outgoing[0]
            while packet.pending:
                drop_written(packet.pending, _send(channel, packet))
                packet.descriptors = ()
            outgoing.popleft()
    except (BlockingIOError, InterruptedError):
        return
    except (BrokenPipeError, ConnectionResetError) as error:
        raise ChannelClosed from error
    except OSError as error:
        # As many descriptors are on their way as the system lets a user have: again when some have come in.
        if error.errno != errno.ETOOMANYREFS:
            raise


def _send(channel: socket.socket, packet: Packet) -> int:
    if not packet.descriptors:
        return channel.sendmsg(packet.pending[:_IOV_LIMIT])
    rights = struct.pack(f"{len(packet.descriptors)}i", *packet.descriptors)
    return channel.sendmsg(packet.pending[:_IOV_LIMIT], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, rights)])


class DescriptorStream(io.RawIOBase):
    """A blocking channel as a raw stream; the descriptors that come beside its bytes are put in line."""

    def __init__(self, channel: socket.socket) -> None:
        self.descriptors: deque[int] = deque()
        self._channel = channel

    def readable(self) -> bool:
        """It is."""
        return True

    def readinto(self, buffer: Any) -> int:
        """What one read finds."""
        got, beside, _, _ = self._channel.recvmsg_into([buffer], socket.CMSG_SPACE(_DESCRIPTORS_AT_ONCE * 4))
        for level, kind, data in beside:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                self.descriptors.extend(struct.unpack(f"{len(data) // 4}i", data[: len(data) // 4 * 4]))
        return got


def read_frame(stream: IO[bytes]) -> Frame | None:
    """The next frame from a blocking stream of a trusted sender; None at the end of the stream."""
    preface = stream.read(_PREFACE.size)
    if len(preface) < _PREFACE.size:
        return None
    magic, kind, _, count, header_bytes, job_id = _PREFACE.unpack(preface)
    if magic != _MAGIC:
        raise ProtocolError("The frame does not start with the magic number.")
    lengths = struct.unpack(f"<{count}Q", stream.read(8 * count))
    header = stream.read(header_bytes)
    parts = [stream.read(length) for length in lengths]
    if len(header) < header_bytes or any(len(part) < length for part, length in zip(parts, lengths, strict=True)):
        return None
    return Frame(kind, job_id, header, parts)


class FrameReader:
    """Collects frames from a non-blocking socket; constant memory however the bytes are cut.

    The buffer grows with what has arrived, never with what was announced.
    """

    def __init__(self, bounds: FrameBounds) -> None:
        self._bounds = bounds
        self._scratch = bytearray(_SCRATCH_BYTES)
        self._lengths: tuple[int, ...] = ()
        self._kind = self._count = self._header_bytes = self._job_id = 0
        self._expect(0, _PREFACE.size)

    def receive(self, channel: socket.socket) -> list[Frame]:
        """The frames completed by the bytes that one read finds.

        Raises `BlockingIOError` when there are none now, `ChannelClosed` at the end of the stream and `ProtocolError`
        for anything that is not a frame.
        """
        if self._stage == 2 and self._need - self._filled > _SCRATCH_BYTES // 2:
            self._grow()
            with memoryview(self._store) as store:
                got = _receive_into(channel, store[self._filled :])
            self._filled += got
            return self._advance()
        scratch = memoryview(self._scratch)
        got = _receive_into(channel, scratch)
        return self.feed(scratch[:got])

    def feed(self, data: memoryview) -> list[Frame]:
        """The frames completed by `data`."""
        frames: list[Frame] = []
        while data:
            self._grow()
            take = min(len(data), len(self._store) - self._filled)
            self._store[self._filled : self._filled + take] = data[:take]
            self._filled += take
            data = data[take:]
            frames += self._advance()
        return frames

    def _expect(self, stage: int, need: int) -> None:
        self._stage, self._need, self._filled = stage, need, 0
        self._store = bytearray(min(need, _FIRST_BODY_BYTES))

    def _grow(self) -> None:
        if self._filled == len(self._store) and self._filled < self._need:
            self._store.extend(bytes(min(self._need - self._filled, len(self._store))))

    def _advance(self) -> list[Frame]:
        while self._filled == self._need:
            if self._stage == 0:
                self._read_preface()
            elif self._stage == 1:
                self._read_lengths()
            else:
                return [self._finish()]
        return []

    def _read_preface(self) -> None:
        magic, kind, zero, self._count, self._header_bytes, self._job_id = _PREFACE.unpack(self._store)
        if magic != _MAGIC or zero:
            raise ProtocolError("The frame does not start with the magic number.")
        if kind not in Kind.__members__.values():
            raise ProtocolError(f"There is no frame of kind {kind}.")
        if self._header_bytes > self._bounds.header_bytes or self._count > self._bounds.parts:
            raise ProtocolError("The frame announces a larger header or more parts than allowed.")
        self._kind = kind
        self._expect(1, 8 * self._count)

    def _read_lengths(self) -> None:
        self._lengths = struct.unpack(f"<{self._count}Q", self._store)
        if sum(self._lengths) > self._bounds.body_bytes:
            raise ProtocolError("The frame announces more bytes than allowed.")
        self._expect(2, self._header_bytes + sum(self._lengths))

    def _finish(self) -> Frame:
        parts: list[bytes] = []
        with memoryview(self._store) as store:
            header = bytes(store[: self._header_bytes])
            at = self._header_bytes
            for length in self._lengths:
                parts.append(bytes(store[at : at + length]))
                at += length
        frame = Frame(self._kind, self._job_id, header, parts)
        self._expect(0, _PREFACE.size)
        return frame


def _receive_into(channel: socket.socket, target: memoryview) -> int:
    try:
        got = channel.recv_into(target)
    except ConnectionResetError as error:
        raise ChannelClosed from error
    if got == 0:
        raise ChannelClosed
    return got
