"""A small DNS server on loopback, for clients that look for SRV records."""

import asyncio
from types import TracebackType
from typing import Self, cast

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

_SECONDS = 60


class DnsResponder:
    """Answers questions over UDP while the ``async with`` block lasts.

    A name with records of another type is answered empty; any other name does not exist (NXDOMAIN).

    Attributes:
        port: The UDP port.
        asked: Names and types that were asked, in order.

    Args:
        port: UDP port on the loopback interface; 0 for any free one.
    """

    def __init__(self, *, port: int = 0) -> None:
        self._wanted_port = port
        self._records: dict[tuple[dns.name.Name, dns.rdatatype.RdataType], list[str]] = {}
        self._transport: asyncio.DatagramTransport | None = None
        self.is_silent = False
        self.port = 0
        self.asked: list[tuple[str, str]] = []

    def add(self, name: str, kind: str, *values: str) -> None:
        """Add records in the form of zone files: ``add("mail.example.org", "A", "127.0.0.1")``.

        Raises:
            dns.exception.DNSException: name, kind or value are none.
        """
        rdtype = dns.rdatatype.from_text(kind)
        owner = dns.name.from_text(name.lower())
        dns.rrset.from_text(owner, _SECONDS, "IN", rdtype, *values)
        self._records.setdefault((owner, rdtype), []).extend(values)

    def add_autodiscover(
        self, domain: str, host: str, *, port: int = 443, priority: int = 0, weight: int = 0
    ) -> None:
        """Add the SRV record that names the Autodiscover service of a domain."""
        self.add(f"_autodiscover._tcp.{domain}", "SRV", f"{priority} {weight} {port} {host}.")

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(
            lambda: _Datagrams(self), local_addr=("127.0.0.1", self._wanted_port)
        )
        self._transport = transport
        self.port = int(transport.get_extra_info("sockname")[1])
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def answer(self, datagram: bytes) -> bytes | None:
        """Return the answer to a datagram; ``None`` for what is no question."""
        try:
            query = dns.message.from_wire(datagram)
        except dns.exception.DNSException:
            return None
        if len(query.question) != 1 or query.flags & dns.flags.QR or self.is_silent:
            return None
        response = dns.message.make_response(query, recursion_available=True)
        (question,) = query.question
        name = dns.name.from_text(question.name.to_text().lower())
        self.asked.append((name.to_text(), dns.rdatatype.to_text(question.rdtype)))
        if query.opcode() != dns.opcode.QUERY or question.rdclass != dns.rdataclass.IN:
            response.set_rcode(dns.rcode.NOTIMP)
            return response.to_wire()
        values = self._records.get((name, question.rdtype))
        if values:
            response.answer.append(
                dns.rrset.from_text(question.name, _SECONDS, "IN", question.rdtype, *values)
            )
        elif not any(owner == name for owner, _ in self._records):
            response.set_rcode(dns.rcode.NXDOMAIN)
        return response.to_wire()


class _Datagrams(asyncio.DatagramProtocol):
    def __init__(self, responder: DnsResponder) -> None:
        self._responder = responder
        self._transport: asyncio.DatagramTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # asyncio's own class for it does not derive from DatagramTransport in Python 3.11.
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        answer = self._responder.answer(data)
        if answer is not None and self._transport is not None:
            self._transport.sendto(answer, addr)
