"""STUBDNS: a name server over UDP and TCP whose answers the test writes down."""

from __future__ import annotations

import contextlib
import ipaddress
import itertools
import socket
import struct
import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

NXDOMAIN = "NXDOMAIN"
SERVFAIL = "SERVFAIL"
SILENT = "SILENT"


class StubDns:
    """Serves `names`: a list of addresses, one of the outcomes above, or an alias written as `-> other.test`.

    `turns` holds names that answer otherwise each time they are asked for an IPv4 address. Every name asked for
    is in `asked`.
    """

    def __init__(self) -> None:
        self.names: dict[str, list[str] | str] = {}
        self.turns: dict[str, Iterator[list[str]]] = {}
        self.asked: list[str] = []
        self._stop = threading.Event()
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        for _ in range(20):  # one number free in both protocols
            self._tcp = socket.create_server(("127.0.0.1", 0))
            self.port: int = self._tcp.getsockname()[1]
            with contextlib.suppress(OSError):
                self._udp.bind(("127.0.0.1", self.port))
                break
            self._tcp.close()
        self._threads = [
            threading.Thread(target=work, name="stubdns", daemon=True) for work in (self._serve_udp, self._serve_tcp)
        ]

    @property
    def server(self) -> str:
        """`address:port` for the resolver setting."""
        return f"127.0.0.1:{self.port}"

    def alternate(self, name: str, *answers: list[str]) -> None:
        """Let a name answer the lists in turn, beginning again after the last."""
        self.turns[name] = itertools.cycle(answers)

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._udp.sendto(b"", ("127.0.0.1", self.port))  # wakes the threads
        socket.create_connection(("127.0.0.1", self.port)).close()
        for thread in self._threads:
            thread.join()
        self._udp.close()
        self._tcp.close()

    def _serve_udp(self) -> None:
        while not self._stop.is_set():
            wire, peer = self._udp.recvfrom(4_096)
            answer = self._answer(wire) if wire else None
            if answer is None:
                continue
            data = answer.to_wire(max_size=65_535)
            if len(data) > 1_200:
                short = dns.message.make_response(dns.message.from_wire(wire))
                short.flags |= dns.flags.TC
                data = short.to_wire()
            self._udp.sendto(data, peer)

    def _serve_tcp(self) -> None:
        while not self._stop.is_set():
            connection, _ = self._tcp.accept()
            with connection:
                connection.settimeout(2)
                prefix = connection.recv(2)
                if len(prefix) < 2:
                    continue
                answer = self._answer(connection.recv(struct.unpack("!H", prefix)[0]))
                if answer is not None:
                    data = answer.to_wire(max_size=65_535)
                    connection.sendall(struct.pack("!H", len(data)) + data)

    def _answer(self, wire: bytes) -> dns.message.Message | None:
        query = dns.message.from_wire(wire)
        question = query.question[0]
        name = question.name.to_text(omit_final_dot=True).lower()
        self.asked.append(name)
        answer = dns.message.make_response(query)
        answer.flags |= dns.flags.RA
        known = self._known(name, question.rdtype)
        while isinstance(known, str) and known.startswith("-> "):
            target = known.removeprefix("-> ")
            answer.answer.append(dns.rrset.from_text(name + ".", 0, "IN", "CNAME", target + "."))
            name, known = target, self._known(target, question.rdtype)
        if known == SILENT:
            return None
        if isinstance(known, str):
            answer.set_rcode(dns.rcode.from_text(known))
            return answer
        version = 4 if question.rdtype == dns.rdatatype.A else 6
        fitting = [text for text in known if ipaddress.ip_address(text).version == version]
        if fitting:
            kind = dns.rdatatype.to_text(question.rdtype)
            answer.answer.append(dns.rrset.from_text(name + ".", 0, "IN", kind, *fitting))
        return answer

    def _known(self, name: str, kind: dns.rdatatype.RdataType) -> list[str] | str:
        if name in self.turns:
            return next(self.turns[name]) if kind == dns.rdatatype.A else []
        return self.names.get(name, NXDOMAIN)
