from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from channels.email.adapter import Mail
from channels.errors import InDoubt, NotSent, Refused
from channels.message import Kind, Message, Outgoing
from router.testing.channel import RecordingHost
from sandbox.faults import Fault
from sandbox.mail import MailStand
from tests.support.mail import mailbox, outgoing, receiving

ASK = "Where is my parcel? It should have come on Monday."


class Setup:
    """A mailbox at the sandbox's provider, followed by an account."""

    def __init__(self, stand: MailStand, host: RecordingHost, channel: Mail) -> None:
        self.stand, self.host, self.channel = stand, host, channel

    async def got(self, ready: Callable[[list[Message]], bool]) -> list[Message]:
        """Wait until what came in is as wanted, and return it."""
        await self.host.wait_for(lambda: ready(self.host.delivered))
        return self.host.delivered


@asynccontextmanager
async def following(**settings: object) -> AsyncIterator[Setup]:
    """Run provider and account inside the block."""
    stand = MailStand()
    await stand.start()
    given = {key: value for key, value in stand.settings().items() if key != "sends_per_minute"}
    host, channel = mailbox(**{**given, **settings})
    try:
        async with receiving(channel):
            await stand.connect("")
            await host.wait_for(lambda: {"", "sent"} <= set(host.cursors))
            yield Setup(stand, host, channel)
    finally:
        await stand.stop()


def note(to: Message, **changes: object) -> Outgoing:
    """Return what answers a mail."""
    fields = {
        "to": to.sender,
        "in_reply_to": to.message_id,
        "references": to.references,
        "subject": to.subject,
    }
    return outgoing(**{**fields, **changes})


async def test_a_conversation_by_mail() -> None:
    """A mail comes in proven, our note goes out, and the customer's answer cites it and bears its token."""
    async with following() as setup:
        await setup.stand.write("Ana Berg", ASK)
        (ana,) = await setup.got(lambda got: len(got) == 1)
        assert (ana.sender.address, ana.sender.verified, ana.text) == (
            "ana.berg@customers.example",
            True,
            ASK,
        )
        sent = await setup.channel.send(note(ana, token="tk-1"))
        assert [row.text for row in setup.stand.ledger.to("Ana Berg")] == [outgoing().text]
        await setup.stand.write("Ana Berg", "Thank you, I wait.", thread=ana.message_id)
        answer = (await setup.got(lambda got: len(got) == 2))[1]
        assert answer.references == (ana.message_id, sent.message_id)
        assert answer.token == "tk-1"
        assert answer.subject.startswith("Re: Where is my parcel?")


async def test_an_answer_from_a_mail_program_is_seen_in_the_sent_folder() -> None:
    """What our people send by themselves is theirs; what we sent is not taken for it."""
    async with following() as setup:
        await setup.stand.write("Ana Berg", ASK)
        (ana,) = await setup.got(lambda got: len(got) == 1)
        await setup.channel.send(note(ana))
        await setup.stand.answer("Ana Berg", "It left our warehouse this morning.")
        got = await setup.got(lambda got: len(got) == 2)
        assert got[1].kind is Kind.AGENT
        assert got[1].references[-1] == ana.message_id
        assert len(setup.stand.ledger.to("Ana Berg")) == 2


async def test_a_mail_that_nobody_announced_is_found() -> None:
    """A lost announcement costs a polling interval, not a mail."""
    async with following(poll_every=1.0) as setup:
        setup.stand.faults.set(Fault.LOST)
        await setup.stand.write("Ana Berg", ASK)
        await setup.got(lambda got: len(got) == 1)


async def test_mails_twice_late_and_in_the_wrong_order() -> None:
    """Each arrival comes in; the same mail twice has one Message-ID and one fingerprint."""
    async with following() as setup:
        setup.stand.faults.late_s = 0.05
        for fault in (Fault.TWICE, Fault.REORDERED, Fault.LATE):
            setup.stand.faults.set(fault, times=1)
        names = {await setup.stand.write("Ana Berg", f"{ASK} {number}") for number in range(4)}
        got = await setup.got(lambda got: len(got) >= 5)
        assert {one.message_id for one in got} == names
        assert len({one.fingerprint for one in got}) == 4


async def test_a_renumbered_mailbox_loses_and_doubles_nothing() -> None:
    """After a new UIDVALIDITY what came meanwhile is taken in, and nothing else again."""
    async with following() as setup:
        for number in range(3):
            await setup.stand.write("Ana Berg", f"{ASK} {number}")
        await setup.got(lambda got: len(got) == 3)
        saves = len(setup.host.saves)
        setup.stand.imap.hang_up()
        setup.stand.box.inbox.remove(1)
        setup.stand.box.inbox.renumber()
        await setup.stand.write("Ana Berg", f"{ASK} 3")
        got = await setup.got(lambda got: len(got) == 4 and len(setup.host.saves) > saves)
        assert sorted(one.text[-1] for one in got) == ["0", "1", "2", "3"]


async def test_the_mailbox_is_followed_through_restarts_of_the_server() -> None:
    """A server that says goodbye is met again, from where we were."""
    async with following(poll_every=1.0) as setup:
        setup.stand.reading.set(Fault.BROKEN, times=2)
        await setup.stand.write("Ana Berg", ASK)
        await setup.got(lambda got: len(got) == 1)
        assert setup.stand.reading.struck[Fault.BROKEN] > 0


@pytest.mark.parametrize(
    ("fault", "error", "says"),
    [
        (Fault.THROTTLED, NotSent, "451"),
        (Fault.THROTTLED_BARE, NotSent, "450"),
        (Fault.BROKEN, NotSent, "did not take it"),
        (Fault.REFUSED, Refused, "554"),
    ],
)
async def test_what_was_certainly_not_sent(fault: Fault, error: type[Exception], says: str) -> None:
    """Before the mail was handed over, every answer is certain, and the customer has nothing."""
    async with following() as setup:
        await setup.stand.write("Ana Berg", ASK)
        (ana,) = await setup.got(lambda got: len(got) == 1)
        setup.stand.faults.set(fault, times=1)
        with pytest.raises(error, match=says):
            await setup.channel.send(note(ana))
        assert setup.stand.ledger.to("Ana Berg") == []
        await setup.channel.send(note(ana))
        assert len(setup.stand.ledger.to("Ana Berg")) == 1


async def test_a_mail_taken_without_an_answer_is_found_in_the_sent_folder() -> None:
    """A connection cut after the last byte is a doubt, settled by the copy that the provider keeps."""
    async with following() as setup:
        await setup.stand.write("Ana Berg", ASK)
        (ana,) = await setup.got(lambda got: len(got) == 1)
        setup.stand.faults.set(Fault.DROPPED, times=1)
        with pytest.raises(InDoubt):
            await setup.channel.send(note(ana))
        found = await setup.channel.reconcile(note(ana))
        assert found is not None
        assert [row.id for row in setup.stand.ledger.to("Ana Berg")] == [found.message_id]


async def test_a_refused_sign_in_is_told_and_tried_later() -> None:
    """A revoked password is no lost mail: the account is down until it is mended."""
    async with following() as setup:
        await setup.stand.write("Ana Berg", ASK)
        (ana,) = await setup.got(lambda got: len(got) == 1)
        setup.stand.faults.set(Fault.REVOKED)
        with pytest.raises(NotSent) as error:
            await setup.channel.send(note(ana))
        assert timedelta(seconds=error.value.after_s) >= timedelta(minutes=1)
        assert setup.host.parts["send"][0] == "down"
        setup.stand.faults.clear()
        await setup.channel.send(note(ana))
