"""The proof that this service answers: `handleby channels test` asks for it through the public URL."""

from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

from channels.port import Host
from channels.tryout import HEADER, PURPOSE, asked, proof


def prover(
    hosts: Mapping[tuple[str, str], Host],
) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Return a signal for `on_response_prepare` that answers the question in the request's header."""

    async def prove(request: web.Request, response: web.StreamResponse) -> None:
        question = request.headers.get(HEADER)
        if question is None:
            return
        host = hosts.get(asked(question) or ("", ""))
        if host is not None:
            response.headers[HEADER] = proof(host.secret(PURPOSE), question)

    return prove
