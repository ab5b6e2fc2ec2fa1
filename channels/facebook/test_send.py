from contextlib import suppress
from datetime import timedelta

import pytest
from msgspec.structs import replace

from channels.errors import ChannelError, InDoubt, NotSent, Refused
from channels.facebook.conftest import Served, ana, now, served
from channels.message import Attachment, Message
from sandbox.faults import Fault
from sandbox.meta.stand import MetaStand


async def asked(fb: Served, text: str = "Where is my parcel?", *, public: bool = False) -> Message:
    """Let Ana write, and return what came in."""
    before = len(fb.host.delivered)
    await fb.stand.write("Ana Costa", text, public=public)
    return (await fb.arrives(before + 1))[-1]


def heard(fb: Served) -> list[str]:
    """Return what reached Ana."""
    return [row.text for row in fb.stand.ledger.to("Ana Costa")]


async def test_an_answer_leaves_once_and_its_echo_is_no_message(fb: Served) -> None:
    """What is sent has the name that Facebook gave it; its echo settles doubts and nothing else."""
    message = await asked(fb)
    outgoing = fb.answer(message)
    sent = await fb.page.send(outgoing)
    await fb.echoed(outgoing)
    assert heard(fb) == [outgoing.text]
    assert sent.message_id == f"fb:{fb.stand.ledger.to('Ana Costa')[0].id}"
    assert fb.host.delivered == [message]
    assert await fb.page.reconcile(outgoing) == sent
    assert fb.host.parts["send"] == ("ok", "")


async def test_an_answer_to_a_comment_stands_below_it(fb: Served) -> None:
    """In public the answer is a comment; its own webhook is no message and settles doubts."""
    message = await asked(fb, public=True)
    outgoing = fb.answer(message)
    sent = await fb.page.send(outgoing)
    await fb.echoed(outgoing)
    (seen,) = fb.stand.ledger.to("Ana Costa")
    assert (seen.text, seen.public, f"fbc:{seen.id}") == (outgoing.text, True, sent.message_id)
    assert fb.host.delivered == [message]
    assert await fb.page.reconcile(outgoing) == sent


async def test_the_newest_comment_of_the_customer_is_answered(fb: Served) -> None:
    """Of all that is cited, our own comments are passed over."""
    first = await asked(fb, public=True)
    sent = await fb.page.send(fb.answer(first, id="r_0"))
    cited = (first.message_id, sent.message_id)
    await fb.page.send(fb.answer(first, "One more thing.", references=cited, in_reply_to=sent.message_id))
    (_, last) = fb.stand.ledger.to("Ana Costa")
    assert fb.stand.world.comments[last.id].parent is fb.stand.world.comments[first.message_id[4:]]
    with pytest.raises(Refused, match="not known which comment"):
        await fb.page.send(fb.answer(first, references=(), in_reply_to=""))


# --- the window


@pytest.mark.parametrize(("hours", "goes"), [(23.9, True), (24.1, False)])
async def test_notes_leave_within_24_hours_only(fb: Served, hours: float, *, goes: bool) -> None:
    """An automatic message after the window is refused before Facebook is asked."""
    message = await asked(fb)
    fb.stand.let_pass("Ana Costa", hours)
    outgoing = fb.note(message, customer_at=now() - timedelta(hours=hours))
    if goes:
        await fb.page.send(outgoing)
        return
    with pytest.raises(Refused, match="24 hours"):
        await fb.page.send(outgoing)
    assert heard(fb) == []


async def test_people_are_told_what_to_do_when_the_window_is_closed(fb: Served) -> None:
    """Without the feature an answer after 24 hours is refused, saying how to go on."""
    message = await asked(fb)
    with pytest.raises(Refused, match="human_agent"):
        await fb.page.send(fb.answer(message, customer_at=now() - timedelta(hours=25)))


@pytest.mark.parametrize(("days", "goes"), [(2, True), (6.9, True), (7.1, False)])
async def test_people_have_seven_days_as_human_agent(stand: MetaStand, days: float, *, goes: bool) -> None:
    """With the feature people answer up to seven days, notes still only one."""
    stand.world.human_agent = True
    async with served(stand, human_agent=True) as fb:
        message = await asked(fb)
        stand.let_pass("Ana Costa", days * 24)
        wrote = now() - timedelta(days=days)
        with pytest.raises(Refused):
            await fb.page.send(fb.note(message, customer_at=wrote))
        if goes:
            await fb.page.send(fb.answer(message, customer_at=wrote))
        else:
            with pytest.raises(Refused, match="7 days"):
                await fb.page.send(fb.answer(message, customer_at=wrote))
        assert len(heard(fb)) == goes


async def test_facebooks_clock_decides(stand: MetaStand) -> None:
    """What Facebook refuses as too late goes as a person's message, a note does not."""
    stand.world.human_agent = True
    async with served(stand, human_agent=True) as fb:
        message = await asked(fb)
        stand.let_pass("Ana Costa", 24.01)
        with pytest.raises(Refused, match="window"):
            await fb.page.send(fb.note(message))
        await fb.page.send(fb.answer(message))
        assert len(heard(fb)) == 1


async def test_a_feature_that_was_not_granted_is_named(stand: MetaStand) -> None:
    """human_agent = true without App Review is refused with what to do."""
    async with served(stand, human_agent=True) as fb:
        message = await asked(fb)
        stand.let_pass("Ana Costa", 48)
        with pytest.raises(Refused, match="App Review"):
            await fb.page.send(fb.answer(message, customer_at=now() - timedelta(days=2)))


async def test_nobody_is_written_to_automatically_who_has_not_written(fb: Served) -> None:
    """A note to somebody who never wrote is refused; a person's message is left to Facebook."""
    message = await asked(fb)
    with pytest.raises(Refused, match="has not written"):
        await fb.page.send(fb.note(message, customer_at=None))
    await fb.page.send(fb.answer(message, customer_at=None))
    with pytest.raises(Refused, match="does not know this person"):
        await fb.page.send(fb.answer(replace(message, sender=ana(), thread=""), customer_at=None))


# --- long texts and files


async def test_a_long_answer_leaves_in_parts_and_no_part_twice(fb: Served) -> None:
    """After a failure in the middle the parts that have left stay as they are, also in another process."""
    message = await asked(fb)
    text = "\n\n".join(f"Paragraph {count}. " + "word " * 250 for count in range(5))
    outgoing = fb.answer(message, text)
    await fb.page.send(fb.answer(message, "Hi", id="r_0"))
    fb.stand.faults.set(Fault.REFUSED, 0.5)
    for _ in range(60):
        async with served(fb.stand, host=fb.host, connect=False) as another:
            with suppress(Refused):
                await another.page.send(outgoing)
                break
    parts = heard(fb)[1:]
    assert len(parts) == 5
    assert [part.split(".")[0] for part in parts] == [f"Paragraph {count}" for count in range(5)]
    fb.stand.faults.clear()
    sent = await fb.page.reconcile(outgoing)
    assert sent is not None
    assert sent.message_id == f"fb:{fb.stand.ledger.to('Ana Costa')[-1].id}"
    assert fb.host.delivered == [message]


@pytest.mark.parametrize(("kind", "name"), [("image/png", "box.png"), ("application/pdf", "bill.pdf")])
async def test_files_leave_after_the_text(fb: Served, kind: str, name: str) -> None:
    """An attachment is a message of its own."""
    message = await asked(fb)
    data = bytes(2_000_000)
    file = Attachment(name=name, content_type=kind, size=len(data), blob=await fb.host.blobs.put(data))
    await fb.page.send(fb.answer(message, attachments=(file,)))
    text, sent = fb.stand.world.person("Ana Costa").mails[1:]
    assert text.text
    assert not text.media
    assert [(one.name, one.content_type, len(one.data)) for one in sent.media] == [(name, kind, len(data))]


async def test_a_file_that_cannot_leave_is_named(fb: Served) -> None:
    """Too large, lost, or not for comments: nothing is sent, and it is said why."""
    message = await asked(fb)
    huge = Attachment(name="film.mp4", content_type="video/mp4", size=26 * 1024 * 1024, blob="x")
    with pytest.raises(Refused, match=r"film\.mp4"):
        await fb.page.send(fb.answer(message, "", attachments=(huge,)))
    lost = Attachment(name="a.png", content_type="image/png", size=3, blob="nowhere")
    with pytest.raises(NotSent, match="attachment"):
        await fb.page.send(fb.answer(message, "", attachments=(lost,)))
    with pytest.raises(Refused, match="nothing in it"):
        await fb.page.send(fb.answer(message, " "))
    comment = await asked(fb, public=True)
    blob = await fb.host.blobs.put(b"abc")
    bill = Attachment(name="bill.pdf", content_type="application/pdf", size=3, blob=blob)
    with pytest.raises(Refused, match="one picture"):
        await fb.page.send(fb.answer(comment, attachments=(bill,)))
    with pytest.raises(Refused, match="8000"):
        await fb.page.send(fb.answer(comment, "x" * 8001))
    assert heard(fb) == []
    picture = Attachment(name="a.png", content_type="image/png", size=3, blob=blob)
    await fb.page.send(fb.answer(comment, attachments=(picture,)))
    (seen,) = fb.stand.ledger.to("Ana Costa")
    media = fb.stand.world.comments[seen.id].media
    assert media is not None
    assert media.data == b"abc"


# --- one private reply


async def test_one_private_reply_for_each_comment(stand: MetaStand) -> None:
    """A person's answer goes to Messenger once; notes stay below the comment; nothing private gets public."""
    async with served(stand, comments="private") as fb:
        message = await asked(fb, public=True)
        await fb.page.send(fb.note(message))
        outgoing = fb.answer(message, "Your order 1234 is on its way.")
        sent = await fb.page.send(outgoing)
        note, answer = stand.ledger.to("Ana Costa")
        assert (note.public, answer.public) == (True, False)
        assert sent.message_id == f"fb:{answer.id}"
        await fb.echoed(outgoing)
        assert await fb.page.reconcile(outgoing) == sent
        with pytest.raises(Refused, match="it was used"):
            await fb.page.send(fb.answer(message, "One more thing.", id="r_2"))
        more = await asked(fb, "And to Sweden?", public=True)
        await fb.page.send(fb.answer(more, "Yes.", id="r_3"))
        assert len(heard(fb)) == 3


async def test_a_private_reply_that_somebody_else_used_is_refused(stand: MetaStand) -> None:
    """What was used in Meta's inbox, or is too old or too long, is refused with what to do."""
    async with served(stand, comments="private") as fb:
        message = await asked(fb, public=True)
        with pytest.raises(Refused, match="2000"):
            await fb.page.send(fb.answer(message, "x" * 2001))
        stand.world.comments[message.message_id[4:]].replied = True
        with pytest.raises(Refused, match="answer below the comment"):
            await fb.page.send(fb.answer(message))
        assert heard(fb) == []


# --- what Facebook answers


@pytest.mark.parametrize(
    ("fault", "error", "words", "part"),
    [
        (Fault.REFUSED, Refused, "cannot be reached", ""),
        (Fault.WINDOW, Refused, "window", ""),
        (Fault.REVOKED, NotSent, "page_token", "down"),
        (Fault.THROTTLED, NotSent, "less often", "degraded"),
        (Fault.THROTTLED_BARE, NotSent, "less often", "degraded"),
        (Fault.BROKEN, InDoubt, "not JSON", "degraded"),
        (Fault.DROPPED, InDoubt, "did not answer", "degraded"),
        (Fault.FAILED_AFTER, InDoubt, "half-way", ""),
        (Fault.BLACK_HOLE, InDoubt, "did not answer", "degraded"),
    ],
)
async def test_each_fault_has_its_meaning(
    fb: Served, fault: Fault, error: type[ChannelError], words: str, part: str
) -> None:
    """Certainly not sent, refused for good, or in doubt: never the wrong one of the three."""
    message = await asked(fb)
    fb.stand.faults.set(fault)
    with pytest.raises(error, match=words):
        await fb.page.send(fb.answer(message))
    assert fb.host.parts.get("send", ("", ""))[0] == part
    done = fault in {Fault.DROPPED, Fault.FAILED_AFTER}
    assert len(heard(fb)) == done
    if fault is Fault.REVOKED:
        assert "restart" in fb.host.parts["send"][1]


async def test_a_slow_answer_is_waited_for(fb: Served) -> None:
    """Slow is not broken."""
    message = await asked(fb)
    fb.stand.faults.slow_s = 0.2
    fb.stand.faults.set(Fault.SLOW)
    await fb.page.send(fb.answer(message))
    assert len(heard(fb)) == 1


async def test_nobody_listens(fb: Served) -> None:
    """When nothing can have arrived it is certain that nothing was sent."""
    message = await asked(fb)
    await fb.stand._site.stop()
    with pytest.raises(NotSent, match="cannot be reached"):
        await fb.page.send(fb.answer(message))
    await fb.stand._site.start()


async def test_the_time_to_come_back_is_kept(fb: Served) -> None:
    """While Facebook wants to hear nothing of us it hears nothing, and the router is told how long."""
    message = await asked(fb)
    fb.stand.graph.regain_min = 7
    fb.stand.faults.set(Fault.THROTTLED, times=1)
    with pytest.raises(NotSent) as first:
        await fb.page.send(fb.answer(message))
    before = len(fb.stand.graph.requests)
    with pytest.raises(NotSent) as second:
        await fb.page.send(fb.answer(message))
    assert 400 < second.value.after_s <= first.value.after_s <= 420
    assert len(fb.stand.graph.requests) == before


@pytest.mark.parametrize(
    ("code", "subcode", "error", "state"),
    [
        (368, 0, NotSent, "down"),
        (10, 1893063, NotSent, "down"),
        (200, 0, Refused, "degraded"),
        (10, 2018300, Refused, ""),
    ],
)
async def test_what_a_person_must_mend_is_said(
    fb: Served, code: int, subcode: int, error: type[ChannelError], state: str
) -> None:
    """Blocks, restrictions and missing permissions are shown to admins; the rest to whoever sent it."""
    message = await asked(fb)
    fb.stand.world.trouble = (code, subcode)
    with pytest.raises(error):
        await fb.page.send(fb.answer(message))
    assert fb.host.parts.get("send", ("", ""))[0] == state


async def test_every_call_proves_the_app(stand: MetaStand) -> None:
    """The stand-in refuses calls without a right appsecret_proof; no address holds the token."""
    async with served(stand, app_secret="another secret", connect=False) as fb:
        message = Message(
            key="k",
            channel="facebook",
            account="test",
            received_at=now(),
            sender=ana(),
            sent_at=now(),
            thread="dm/42",
        )
        with pytest.raises(Refused, match="appsecret_proof"):
            await fb.page.send(fb.answer(message))
    assert all(stand.graph.token not in one for one in stand.graph.requests)
