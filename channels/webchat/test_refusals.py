import uuid

import pytest
from aiohttp import WSServerHandshakeError

from channels.webchat.frames import PROTOCOL, REFUSED, SLOW
from channels.webchat.reception import Timing
from channels.webchat.test_session import signed
from tests.support.chat import Closed, ScriptedHost, calling, serving, until

SHARED = "shared-with-the-site"


async def test_too_many_messages_are_put_off_and_not_lost() -> None:
    """Beyond the burst the client is told how long to wait; nothing of it is stored before."""
    host = ScriptedHost(rate=1)
    async with serving(host) as server, calling(server) as caller:
        answers = [await caller.write(str(number)) for number in range(4)]
    assert [answer["type"] for answer in answers] == ["ack", "ack", "ack", "nack"]
    assert answers[3]["retry"]
    assert 0 < answers[3]["after_s"] <= 60
    assert len(host.delivered) == 3


@pytest.mark.parametrize(("text", "code"), [("x" * 101, "too_long"), ("  \n ", "empty")])
async def test_what_cannot_be_taken_is_said_at_once(text: str, code: str) -> None:
    """The visitor is told why, and that trying again will not help."""
    host = ScriptedHost(max_length=100)
    async with serving(host) as server, calling(server) as caller:
        nack = await caller.write(text)
        assert (nack["code"], nack["retry"]) == (code, False)
        assert (await caller.write("short"))["type"] == "ack"


@pytest.mark.parametrize("data", ["", "{", '{"type":"dance"}', '{"type":"hello"}'])
async def test_a_frame_that_is_none_closes_the_socket(data: str) -> None:
    """A client that does not speak the protocol is told so and let go; the service goes on."""
    async with serving(ScriptedHost()) as server:
        async with calling(server) as caller:
            await caller.socket.send_str(data)
            assert await caller.closed() == PROTOCOL
            assert caller.frames[-1]["type"] == "error"
        async with calling(server) as other:
            assert (await other.write("Hello"))["type"] == "ack"


async def test_a_huge_frame_is_not_read_into_memory() -> None:
    """A frame far above the message limit closes the socket with 1009."""
    async with serving(ScriptedHost(max_length=100)) as server, calling(server) as caller:
        await caller.say(type="message", client_id=str(uuid.uuid4()), text="x" * 100_000)
        assert await caller.closed() == 1009


async def test_a_socket_that_says_nothing_is_closed() -> None:
    """Whoever does not say hello gives the seat back."""
    async with (
        serving(ScriptedHost(), Timing(hello_s=0.05)) as server,
        calling(server, silent=True) as caller,
    ):
        assert await caller.closed() == SLOW


async def test_a_message_before_hello_is_refused() -> None:
    """Nothing is taken from somebody who has not said who they are."""
    host = ScriptedHost()
    async with serving(host) as server, calling(server, silent=True) as caller:
        await caller.say(type="message", client_id=str(uuid.uuid4()), text="Hello")
        assert await caller.closed() == PROTOCOL
    assert host.delivered == []


@pytest.mark.parametrize("origin", ["https://evil.test", "null", ""])
async def test_another_site_cannot_open_a_chat(origin: str) -> None:
    """An origin that is not listed is turned away before the upgrade."""
    async with serving(ScriptedHost()) as server:
        with pytest.raises(WSServerHandshakeError, match="403"):
            async with calling(server, origin=origin):
                pass


async def test_forged_tokens_are_refused() -> None:
    """A changed token closes the socket with a code that makes the client begin anew."""
    async with serving(ScriptedHost()) as server, calling(server) as caller:
        token = caller.token
        for place in (0, len(token) // 2, len(token) - 1):
            forged = token[:place] + ("x" if token[place] != "x" else "y") + token[place + 1 :]
            with pytest.raises(Closed, match=str(REFUSED)):
                async with calling(server, token=forged):
                    pass


async def test_identity_can_be_required() -> None:
    """Where only known visitors may write, an unknown one is told so."""
    host = ScriptedHost(identity_secret=SHARED, require_identity=True)
    identity = {name: getattr(signed("42"), name) for name in ("identifier", "identifier_hash")}
    async with serving(host) as server:
        async with calling(server, silent=True) as stranger:
            await stranger.say(type="hello", v=1)
            assert await stranger.closed() == REFUSED
            assert stranger.frames[-1]["code"] == "identity_required"
        async with calling(server, identity=identity) as known:
            assert (await known.write("Hello"))["type"] == "ack"


async def test_an_address_has_only_so_many_seats() -> None:
    """The next chat is turned away before the upgrade, and let in once a seat is free."""
    async with serving(ScriptedHost(sockets_per_address=1)) as server:
        async with calling(server):
            with pytest.raises(WSServerHandshakeError, match="429"):
                async with calling(server):
                    pass
        await until(lambda: not server.chat.seats._taken)
        async with calling(server) as caller:
            assert (await caller.write("Hello"))["type"] == "ack"
