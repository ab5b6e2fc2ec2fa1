import asyncio
from contextlib import suppress
from datetime import timedelta

import pytest

from channels.errors import InDoubt, NotSent, Refused
from channels.facebook.conftest import Served, now, served
from channels.message import Message, Outgoing, Sent
from router.testing import ManualClock, RecordingHost
from sandbox.faults import Fault
from sandbox.meta.stand import MetaStand

WAYS = ["messenger", "public", "private"]


async def asked(fb: Served, way: str, text: str = "Where is my parcel?") -> Message:
    """Let Ana write in the way's place, and return what came in."""
    before = len(fb.host.delivered)
    await fb.stand.write("Ana Costa", text, public=way != "messenger")
    return (await fb.arrives(before + 1))[-1]


def comments(way: str) -> str:
    """Return how comments are answered for this way."""
    return "private" if way == "private" else "public"


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("echo", [True, False])
@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.FAILED_AFTER])
async def test_what_was_done_without_an_answer_is_found(
    stand: MetaStand, way: str, fault: Fault, *, echo: bool
) -> None:
    """A send in doubt that was done is found by its echo or, when that was lost, by reading back."""
    async with served(stand, comments=comments(way)) as fb:
        message = await asked(fb, way)
        outgoing = fb.answer(message)
        stand.faults.set(fault, times=1)
        stand.faults.set(Fault.LOST, 0.0 if echo else 1.0)
        with pytest.raises(InDoubt):
            await fb.page.send(outgoing)
        if echo:
            await fb.echoed(outgoing)
        sent = await fb.page.reconcile(outgoing)
        (seen,) = stand.ledger.to("Ana Costa")
        assert sent == Sent(message_id=f"fbc:{seen.id}" if seen.public else f"fb:{seen.id}")


@pytest.mark.parametrize("way", WAYS)
async def test_what_was_not_done_may_be_sent_again(stand: MetaStand, way: str) -> None:
    """When Facebook shows that it is not there, it is sent again; equal words of before are not it."""
    async with served(stand, comments=comments(way)) as fb:
        message = await asked(fb, way)
        if way != "private":
            earlier = await fb.page.send(fb.answer(message, id="r_0"))
            fb.host.sent.add(earlier.message_id)
        outgoing = fb.answer(message)
        stand.faults.set(Fault.BROKEN, times=1)
        with pytest.raises(InDoubt):
            await fb.page.send(outgoing)
        with pytest.raises(NotSent):
            await fb.page.reconcile(outgoing)
        await fb.page.send(outgoing)
        assert len(stand.ledger.to("Ana Costa")) == (1 if way == "private" else 2)


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_is_concluded_while_facebook_is_silent(stand: MetaStand, way: str) -> None:
    """When it cannot be read back, nothing is claimed."""
    async with served(stand, comments=comments(way)) as fb:
        message = await asked(fb, way)
        stand.faults.set(Fault.BROKEN)
        with pytest.raises(InDoubt):
            await fb.page.send(fb.answer(message))
        assert await fb.page.reconcile(fb.answer(message)) is None


async def test_not_being_there_proves_nothing_at_once(fb: Served) -> None:
    """Shortly after the doubt, or a restart, what is not there may still appear."""
    message = await asked(fb, "messenger")
    outgoing = fb.answer(message)
    fb.page._messenger._out.timing = type(fb.page._messenger._out.timing)(settle_s=30.0)
    assert await fb.page.reconcile(outgoing) is None


async def test_a_comment_of_a_person_with_our_words_is_theirs(fb: Served) -> None:
    """Each comment of our outbox is one comment: a second one with the same words was written by a person."""
    message = await asked(fb, "public")
    outgoing = fb.answer(message, "Yes, we do.")
    await fb.page.send(outgoing)
    await fb.echoed(outgoing)
    await fb.stand.answer("Ana Costa", "Yes, we do.")
    (_, answer) = await fb.arrives(2)
    assert answer.kind == "agent"


async def test_a_restart_in_the_middle_of_a_long_answer(fb: Served) -> None:
    """A new process reads back which parts have left and sends the others only."""
    message = await asked(fb, "messenger")
    outgoing = fb.answer(message, "\n\n".join(f"Part {count} " + "x" * 1500 for count in range(3)))
    fb.stand.faults.set(Fault.LOST)
    fb.stand.faults.set(Fault.DROPPED, times=1)
    with pytest.raises(InDoubt):
        await fb.page.send(outgoing)
    async with served(fb.stand, host=fb.host, connect=False) as other:
        with pytest.raises(NotSent, match="1 of 3"):
            await other.page.reconcile(outgoing)
        sent = await other.page.send(outgoing)
    texts = [row.text[:6] for row in fb.stand.ledger.to("Ana Costa")]
    assert texts == ["Part 0", "Part 1", "Part 2"]
    assert sent.message_id == f"fb:{fb.stand.ledger.to('Ana Costa')[-1].id}"


async def deliver(fb: Served, outgoing: Outgoing) -> str:
    """Do as the router does: send, read back what is in doubt, send again what was certainly not sent."""
    doubt = False
    for _ in range(60):
        try:
            sent = await (fb.page.reconcile(outgoing) if doubt else fb.page.send(outgoing))
        except NotSent:
            doubt = False
        except Refused:
            return "refused"
        except InDoubt:
            doubt = True
        else:
            if sent is not None:
                fb.host.sent.add(sent.message_id)
                return "sent"
        await asyncio.sleep(0.05)
    return "in doubt"


async def test_with_all_faults_at_once_nothing_is_lost_or_doubled(stand: MetaStand) -> None:
    """Everything that customers wrote comes in once, and every answer reaches them once or is refused."""
    stand.faults.late_s, stand.faults.slow_s = 0.1, 0.1
    async with served(stand) as fb:
        polling = asyncio.create_task(fb.page.receive())
        for fault in Fault:
            stand.faults.set(fault, 0.05)
        written = [await stand.write(f"Customer {n % 12}", f"{n}?", public=n % 3 == 0) for n in range(60)]
        await fb.arrives(len(written))
        jobs = [
            fb.answer(one, f"Answer to {one.text}", id=f"r_{n}") for n, one in enumerate(fb.host.delivered)
        ]
        for job in jobs:
            fb.host.leaving[job.thread].add(job.text)
        ends = await asyncio.gather(*(deliver(fb, job) for job in jobs))
        polling.cancel()
        with suppress(asyncio.CancelledError):
            await polling
        stand.faults.clear()
    keys = [one.key for one in fb.host.delivered]
    assert sorted(keys) == sorted(
        {f"fb:{one}" if one.startswith("m_") else f"fbc:{one}:add" for one in written}
    )
    heard = [row.text for row in stand.ledger if row.ours]
    wanted = [job.text for job, end in zip(jobs, ends, strict=True) if end == "sent"]
    assert sorted(heard) == sorted(wanted)
    assert "in doubt" not in ends


@pytest.mark.parametrize("way", WAYS)
async def test_clocks_that_differ_hide_nothing(stand: MetaStand, way: str) -> None:
    """With our clock an hour ahead, what was done is found all the same."""
    host = RecordingHost("facebook", {}, clock=ManualClock(now() + timedelta(hours=1)))
    async with served(stand, host=host, comments=comments(way)) as fb:
        message = await asked(fb, way)
        outgoing = fb.answer(message, at=host.clock.now())
        stand.faults.set(Fault.LOST)
        stand.faults.set(Fault.DROPPED, times=1)
        with pytest.raises(InDoubt):
            await fb.page.send(outgoing)
        assert await fb.page.reconcile(outgoing) is not None


async def test_old_messages_are_no_proof(fb: Served) -> None:
    """What was written before the answer was made cannot be the answer."""
    message = await asked(fb, "messenger")
    await fb.page.send(fb.answer(message, id="r_0"))
    with pytest.raises(NotSent):
        await fb.page.reconcile(fb.answer(message, at=now() + timedelta(minutes=5)))


@pytest.mark.parametrize("way", ["messenger", "public"])
async def test_what_is_crowded_out_of_view_may_still_be_there(stand: MetaStand, way: str) -> None:
    """When so much was written since then that Facebook shows only a part of it, nothing is concluded."""
    async with served(stand) as fb:
        message = await asked(fb, way)
        outgoing = fb.answer(message)
        stand.faults.set(Fault.LOST)
        stand.faults.set(Fault.DROPPED, times=1)
        with pytest.raises(InDoubt):
            await fb.page.send(outgoing)
        place = message.message_id.removeprefix("fbc:") if way == "public" else ""
        for number in range(60):
            await stand.write("Ana Costa", f"And {number}?", thread=place, public=way == "public")
        assert await fb.page.reconcile(outgoing) is None


@pytest.mark.parametrize("way", ["public", "private"])
async def test_who_posts_by_hand_what_was_refused_is_a_person(stand: MetaStand, way: str) -> None:
    """The advice is to answer on Facebook: the same words written there are an answer given elsewhere."""
    async with served(stand, comments=comments(way)) as fb:
        message = await asked(fb, way)
        stand.faults.set(Fault.REFUSED, times=1)
        with pytest.raises(Refused):
            await fb.page.send(fb.answer(message, "It ships today, I promise."))
        await stand.answer("Ana Costa", "It ships today, I promise.")
        (_, answer) = await fb.arrives(2)
        assert answer.kind == "agent"


@pytest.mark.parametrize("way", WAYS)
async def test_accents_written_apart_come_back_as_one_letter(stand: MetaStand, way: str) -> None:
    """What some keyboards write as letter and accent is found again, and is never taken for a person's answer."""
    async with served(stand, comments=comments(way)) as fb:
        message = await asked(fb, way)
        outgoing = fb.answer(message, "Andre\u0301 here: it ships today.")
        stand.faults.set(Fault.LOST)
        stand.faults.set(Fault.DROPPED, times=1)
        with pytest.raises(InDoubt):
            await fb.page.send(outgoing)
        sent = await fb.page.reconcile(outgoing)
        assert sent is not None
        kinds = {one.kind for one in fb.host.delivered}
        assert kinds == {"customer"}


class Refusing(RecordingHost):
    """A host whose memos of what was sent others write first, each time."""

    async def remember(self, name: str, value: str, version: int, *, keep_s: float | None = None) -> bool:
        """Be too late for them."""
        return not name.startswith("out:") and await super().remember(name, value, version, keep_s=keep_s)


async def test_what_left_and_could_not_be_noted_is_in_doubt(stand: MetaStand) -> None:
    """A part that Facebook took is never said not to have been sent: it would leave twice."""
    async with served(stand, host=Refusing("facebook", {})) as fb:
        message = await asked(fb, "messenger")
        stand.faults.set(Fault.LOST)
        with pytest.raises(InDoubt):
            await fb.page.send(fb.answer(message, "\n\n".join("x" * 1500 for _ in range(2))))
        assert len(stand.ledger.to("Ana Costa")) == 1
