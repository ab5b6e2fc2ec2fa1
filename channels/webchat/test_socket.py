import asyncio
import uuid

import pytest

from channels.errors import Unavailable
from channels.message import Kind
from channels.webchat.frames import BUSY, GOING_AWAY, REFUSED
from channels.webchat.reception import Timing
from channels.webchat.test_session import signed
from tests.support.chat import MARIA, Closed, ScriptedHost, calling, serving, until

SHARED = "shared-with-the-site"


async def test_a_message_is_stored_acknowledged_and_given_to_a_person() -> None:
    """The ack names the key under which it lies in the store; then the visitor sees who answers and by when."""
    host = ScriptedHost()
    async with serving(host) as server, calling(server, zone="Europe/Copenhagen") as caller:
        ack = await caller.write("Where is my order?")
        state = await caller.heard("state")
        line = await caller.line("Where is my order?")
    (message,) = host.delivered
    assert ack["key"] == message.key == line["id"] == f"wc:{message.thread}:{ack['client_id']}"
    assert (message.text, message.zone, message.sender.verified) == (
        "Where is my order?",
        "Europe/Copenhagen",
        False,
    )
    assert (state["standing"]["person"], state["standing"]["assigned"]) == (MARIA, True)


async def test_a_hundred_copies_are_one_message() -> None:
    """The same client_id sent a hundred times over ten sockets at once is stored once and acknowledged each time."""
    host = ScriptedHost(rate=6000)
    client_id = str(uuid.uuid4())
    async with serving(host) as server, calling(server) as first:

        async def repeat() -> list[str]:
            async with calling(server, token=first.token) as caller:
                return [(await caller.write("Hello", client_id))["key"] for _ in range(10)]

        keys = await asyncio.gather(*(repeat() for _ in range(10)))
    assert len(host.delivered) == 1
    assert len(host.repeated) == 99
    assert {key for some in keys for key in some} == {host.delivered[0].key}


async def test_a_dropped_visitor_misses_nothing_and_sees_nothing_twice() -> None:
    """After a drop exactly the lines above `after` are new, and live ones follow."""
    host = ScriptedHost()
    async with serving(host) as server:
        async with calling(server) as caller:
            await caller.write("one")
            await caller.line("one")
            thread, token = host.thread, caller.token
        host.answer(thread, "two")
        host.answer(thread, "three")
        async with calling(server, token=token, after=1) as caller:
            await caller.line("three")
            host.answer(thread, "four")
            await caller.line("four")
            fresh = [line["text"] for line in caller.lines() if line["seq"] > 1]
    assert fresh == ["two", "three", "four"]


async def test_a_line_that_becomes_visible_late_is_pushed() -> None:
    """A note that was on its way out while a later line was shown still reaches the visitor."""
    host = ScriptedHost()
    async with serving(host) as server, calling(server) as caller:
        await caller.write("one")
        note = host.answer(host.thread, "note", automatic=True)
        host.answer(host.thread, "answer")
        host.lines[host.thread].remove(note)
        await caller.line("answer")
        host.lines[host.thread].insert(1, note)
        host.show(host.thread)
        assert (await caller.line("note"))["seq"] == 2
        texts = [line["text"] for line in caller.lines()]
    assert texts == ["one", "answer", "note"]


async def test_a_long_history_comes_whole() -> None:
    """Hundreds of lines come in several frames, in order, each once."""
    host = ScriptedHost()
    async with serving(host) as server, calling(server) as caller:
        await caller.write("first")
        for number in range(700):
            host.answer(host.thread, str(number), automatic=True)
        async with calling(server, token=caller.token) as again:
            await again.line("699")
            texts = [line["text"] for line in again.lines()]
    assert texts == ["first", *map(str, range(700))]


async def test_every_open_window_of_a_visitor_sees_the_answer() -> None:
    """Two tabs of one browser both show what is said."""
    host = ScriptedHost()
    async with serving(host) as server, calling(server) as left, calling(server, token=left.token) as right:
        await left.write("Hello")
        await right.line("Hello")
        host.answer(host.thread, "Hi")
        assert (await left.line("Hi"))["author"] == (await right.line("Hi"))["author"] == MARIA


async def test_nobody_sees_what_is_anothers() -> None:
    """A visitor without the token of a conversation gets an empty one of their own."""
    host = ScriptedHost()
    async with serving(host) as server, calling(server) as ana, calling(server) as bob:
        await ana.write("My secret")
        await ana.line("My secret")
        await bob.write("Hello")
        await bob.line("Hello")
        assert [line["text"] for line in bob.lines()] == ["Hello"]


async def test_a_claimed_address_opens_nobodys_history() -> None:
    """Typing somebody's address, or naming an identity without signature, leads into no other conversation."""
    host = ScriptedHost(identity_secret=SHARED)
    identity = {name: getattr(signed("42"), name) for name in ("identifier", "identifier_hash")}
    async with serving(host) as server:
        async with calling(server, identity=identity) as ana:
            await ana.write("My secret")
            history = host.thread
        async with calling(server, email="ana@example.com", name="Ana") as mallory:
            await mallory.write("Hello")
        with pytest.raises(Closed, match=str(REFUSED)):
            async with calling(server, identity={"identifier": "42", "identifier_hash": "0" * 64}):
                pass
        async with calling(server, identity=identity) as elsewhere:
            assert await elsewhere.line("My secret")
    assert host.thread != history
    assert [(claim.address, claim.verified) for claim in host.delivered[-1].claims] == [
        ("ana@example.com", False)
    ]
    assert host.delivered[0].sender.verified


async def test_a_visitor_can_leave_an_address() -> None:
    """Once there is a conversation the address is noted on it; before that it goes with the first message."""
    host = ScriptedHost()
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    async with serving(host) as server, calling(server) as caller:
        await caller.say(type="contact", client_id=first, email="ana@example.com")
        assert "key" not in await caller.heard("ack", client_id=first)
        await caller.write("Hello")
        await caller.say(type="contact", client_id=second, email="Ana.Costa@example.com")
        assert "key" in await caller.heard("ack", client_id=second)
        await caller.say(type="contact", client_id=str(uuid.uuid4()), email="nonsense")
        assert (await caller.heard("nack"))["code"] == "email"
    message, status = host.delivered
    assert message.claims[0].address == "ana@example.com"
    assert (status.kind, status.reason, status.text) == (Kind.STATUS, "contact", "")
    assert (status.claims[0].address, status.claims[0].spelling) == (
        "ana.costa@example.com",
        "Ana.Costa@example.com",
    )


async def test_only_what_was_pushed_can_be_seen() -> None:
    """The service learns how far the visitor has read, and believes no more than it has shown."""
    host = ScriptedHost()
    async with serving(host) as server, calling(server) as caller:
        await caller.write("Hello")
        host.answer(host.thread, "Hi")
        await caller.line("Hi")
        await caller.say(type="seen", seq=99)
        await caller.say(type="seen", seq=2)
        await caller.say(type="ping")
        await caller.heard("pong")
    assert host.looked == {host.thread: 2}


async def test_a_store_that_is_away_makes_the_client_keep_its_message() -> None:
    """Nothing false is said: the visitor is told to try again, and the second try is the one message."""
    host = ScriptedHost()
    client_id = str(uuid.uuid4())
    async with serving(host) as server, calling(server) as caller:
        host.refuse = Unavailable("the store is away")
        nack = await caller.write("Hello", client_id)
        host.refuse = None
        ack = await caller.write("Hello", client_id)
    assert (nack["type"], nack["retry"], nack["code"]) == ("nack", True, "unavailable")
    assert ack["type"] == "ack"
    assert [message.text for message in host.delivered] == ["Hello"]


async def test_a_restart_loses_and_repeats_nothing() -> None:
    """A shutdown closes with 1001; the client comes back with its token and sends again what was not acknowledged."""
    host = ScriptedHost()
    kept, lost = str(uuid.uuid4()), str(uuid.uuid4())
    async with serving(host) as server:
        async with calling(server) as caller:
            await caller.write("one", kept)
            await caller.line("one")
            token, after = caller.token, 1
            closing = asyncio.create_task(server.stop())
            assert await caller.closed() == GOING_AWAY
        await closing
        await server.start()
        async with calling(server, token=token, after=after) as caller:
            await caller.write("one", kept)
            await caller.write("two", lost)
            await caller.line("two")
    assert [message.text for message in host.delivered] == ["one", "two"]
    assert len({message.thread for message in host.delivered}) == 1


async def test_receiving_ends_by_closing_every_chat() -> None:
    """When the service stops the account, open chats are told to connect again."""
    async with serving(ScriptedHost()) as server, calling(server) as caller:
        receiving = asyncio.create_task(server.chat.receive())
        await asyncio.sleep(0)
        receiving.cancel()
        assert await caller.closed() == GOING_AWAY
        assert server.host.reports == [("ok", "")]


async def test_a_slow_reader_is_cut_off() -> None:
    """A browser that takes nothing in holds neither memory nor seat; on coming back it gets all of it."""
    host = ScriptedHost()
    async with serving(host, Timing(send_s=0.2)) as server, calling(server) as caller:
        await caller.write("first")
        token = caller.token
        connection = caller.socket._response.connection
        assert connection is not None
        wire = connection.transport
        assert isinstance(wire, asyncio.Transport)
        wire.pause_reading()
        for number in range(300):
            host.answer(host.thread, f"{number} " + "x" * 100_000, automatic=True)
        await until(lambda: not server.chat.seats._taken)
        assert not server.chat.sockets
        wire.resume_reading()
    async with serving(host) as server, calling(server, token=token) as again:
        await again.line("299 " + "x" * 100_000)
        assert len(again.lines()) == 301


async def test_a_fault_of_ours_is_said_and_logged_without_words_of_the_visitor() -> None:
    """When the host fails in an unforeseen way the client is told to come back."""
    host = ScriptedHost()

    async def failing(thread: str) -> None:
        raise RuntimeError(thread)

    async with serving(host) as server:
        host.standing = failing  # type: ignore[method-assign]
        async with calling(server) as caller:
            assert await caller.closed() == 1011


async def test_a_store_that_cannot_be_read_says_come_back_later() -> None:
    """An unreachable store closes the socket with the code for `later`."""
    host = ScriptedHost()

    async def away(thread: str) -> None:
        raise Unavailable("the store is away")

    async with serving(host) as server:
        host.standing = away  # type: ignore[method-assign]
        async with calling(server) as caller:
            assert await caller.closed() == BUSY
