"""A name server on the loopback that knows the TXT records a test gives it."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from dns import flags, message, rcode, rrset
from dns.asyncresolver import Resolver


class _Answers(asyncio.DatagramProtocol):
    def __init__(self, records: Mapping[str, Sequence[str]], code: rcode.Rcode) -> None:
        self._records, self._code = records, code
        self._transport: Any = None

    def connection_made(self, transport: Any) -> None:
        """Remember where to answer."""
        self._transport = transport

    def datagram_received(self, data: bytes, address: tuple[str | Any, int]) -> None:
        """Answer one question."""
        question = message.from_wire(data)
        name = question.question[0].name.to_text()
        answer = message.make_response(question)
        answer.flags |= flags.RA
        texts = self._records.get(name.rstrip("."), ())
        answer.set_rcode(self._code if texts or self._code else rcode.NXDOMAIN)
        if texts and not self._code:
            quoted = [
                " ".join(f'"{text[at : at + 200]}"' for at in range(0, len(text), 200)) for text in texts
            ]
            answer.answer.append(rrset.from_text(name, 60, "IN", "TXT", *quoted))
        self._transport.sendto(answer.to_wire(), address)


@asynccontextmanager
async def name_server(
    records: Mapping[str, Sequence[str]], code: rcode.Rcode = rcode.NOERROR
) -> AsyncIterator[Resolver]:
    """Run it inside the block; gives a resolver that asks it and nobody else. `code`: what it says to everything."""
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(lambda: _Answers(records, code), ("127.0.0.1", 0))
    resolver = Resolver(configure=False)
    resolver.nameservers = ["127.0.0.1"]
    resolver.port = transport.get_extra_info("sockname")[1]
    try:
        yield resolver
    finally:
        transport.close()
