import asyncio
from datetime import timedelta

import pytest

from channels.errors import InDoubt, NotSent, Refused
from channels.forum.conftest import Make, Setup
from channels.forum.reconcile import WORKING_S
from sandbox.discourse.board import Draft
from sandbox.faults import Fault

NOTE = "Hi Ana, Maria here. I'll answer by 15:40 today."


def heard(forum: Setup) -> list[str]:
    """Return what Ana has seen of ours."""
    return [one.text for one in forum.stand.ledger.to("Ana Berg")]


async def test_a_note_goes_into_the_topic(make: Make) -> None:
    """It answers the customer's post, and its mark is not seen by anybody."""
    forum = await make()
    ana = await forum.asked()
    await forum.stand.write("Ben", "I have the same problem since Monday.", thread=ana.thread)
    sent = await forum.channel.send(forum.outgoing(forum.got[-1], NOTE))
    post = max(forum.stand.board.posts.values(), key=lambda one: one.id)
    assert sent.message_id == f"{ana.message_id.rpartition(':')[0]}:{post.id}"
    assert heard(forum) == [NOTE]
    assert forum.host.parts["send"] == ("ok", "")


async def test_an_answer_names_the_post_and_its_author(make: Make) -> None:
    """A reply to the second post cites it, and what a person wrote is signed with their name."""
    forum = await make()
    ana = await forum.asked()
    await forum.stand.write("Ana Berg", "And where is my second parcel?", thread=ana.thread)
    await forum.host.wait_for(lambda: len(forum.got) == 2)
    answer = forum.outgoing(forum.got[1], "It left today.", id="reply-1", automatic=False)
    await forum.channel.send(answer)
    post = max(forum.stand.board.posts.values(), key=lambda one: one.id)
    assert post.reply_to == 2
    assert heard(forum) == ["It left today.\n\n— Maria Jensen"]


async def test_a_short_answer_goes_through_by_its_signature(make: Make) -> None:
    """Twenty characters are reached honestly, or else the author is told to write more."""
    forum = await make()
    ana = await forum.asked()
    await forum.channel.send(forum.outgoing(ana, "Thank you!", id="reply-1", automatic=False))
    with pytest.raises(Refused, match=r"too short: write a little more.*20.*Body is too short"):
        await forum.channel.send(forum.outgoing(ana, "Yes.", id="reply-2", automatic=False, author=""))


async def test_the_same_words_twice_are_taken(make: Make) -> None:
    """Two notes with equal text differ in their mark, so the forum takes both."""
    forum = await make()
    ana = await forum.asked()
    await forum.channel.send(forum.outgoing(ana, NOTE))
    await forum.channel.send(forum.outgoing(ana, NOTE, id="note-2"))
    assert heard(forum) == [NOTE, NOTE]


async def test_a_fourth_post_in_a_row_is_explained(make: Make) -> None:
    """The author learns what to do when the forum wants somebody else to write first."""
    forum = await make()
    ana = await forum.asked()
    for number in range(3):
        await forum.channel.send(forum.outgoing(ana, NOTE, id=f"note-{number}"))
    with pytest.raises(Refused, match=r"in a row.*make our account a moderator"):
        await forum.channel.send(forum.outgoing(ana, NOTE, id="note-4"))
    forum.stand.api.us.moderator = True
    await forum.channel.send(forum.outgoing(ana, NOTE, id="note-4"))


async def test_a_closed_topic_is_explained(make: Make) -> None:
    """An answer to a closed topic comes back to its author, with what to do."""
    forum = await make()
    ana = await forum.asked()
    forum.stand.close(ana.thread)
    with pytest.raises(Refused, match="closed or archived: open it again"):
        await forum.channel.send(forum.outgoing(ana, NOTE))


async def test_a_closed_topic_can_be_answered_in_private(make: Make) -> None:
    """With `closed = message` the customer gets it as a private message, found again when in doubt."""
    forum = await make(closed="message")
    ana = await forum.asked()
    forum.stand.close(ana.thread)
    sent = await forum.channel.send(forum.outgoing(ana, NOTE))
    assert [(one.text, one.public) for one in forum.stand.ledger.to("Ana Berg")] == [(NOTE, False)]
    assert await forum.channel.reconcile(forum.outgoing(ana, NOTE)) == sent


async def test_a_deleted_topic_is_explained(make: Make) -> None:
    """Where the topic is gone, the author is told so."""
    forum = await make()
    ana = await forum.asked()
    next(iter(forum.stand.board.topics.values())).deleted = True
    with pytest.raises(Refused, match="deleted or moved"):
        await forum.channel.send(forum.outgoing(ana, NOTE))


async def test_a_post_held_for_review_is_not_sent_again(make: Make) -> None:
    """A moderator has to approve it: the author is told, and nothing is repeated."""
    forum = await make()
    ana = await forum.asked()
    forum.stand.api.held_for_review = True
    with pytest.raises(Refused, match="approve it there"):
        await forum.channel.send(forum.outgoing(ana, NOTE))
    assert await forum.channel.reconcile(forum.outgoing(ana, NOTE)) is None


async def test_what_cannot_be_sent_here_is_refused(make: Make) -> None:
    """Without a topic, or with files, a person must find another way."""
    forum = await make()
    ana = await forum.asked()
    with pytest.raises(Refused, match="no topic"):
        await forum.channel.send(forum.outgoing(ana, NOTE, thread=""))


@pytest.mark.parametrize(("fault", "after_s"), [(Fault.THROTTLED, 1.0), (Fault.THROTTLED_BARE, 20.0)])
async def test_a_limit_is_waited_for(make: Make, fault: Fault, after_s: float) -> None:
    """429 means not sent, and nothing more is asked of the forum until the time it named."""
    forum = await make()
    ana = await forum.asked()
    forum.stand.faults.set(fault, times=1)
    with pytest.raises(NotSent) as first:
        await forum.channel.send(forum.outgoing(ana, NOTE))
    assert first.value.after_s == after_s
    with pytest.raises(NotSent, match="pause") as second:
        await forum.channel.send(forum.outgoing(ana, NOTE))
    assert 0 < second.value.after_s <= after_s
    assert heard(forum) == []


async def test_the_wait_between_posts_is_honoured(make: Make) -> None:
    """A forum that wants seconds between two posts is not asked before they are over."""
    forum = await make()
    ana = await forum.asked()
    forum.stand.board.limits.seconds_between_posts = 5.0
    await forum.channel.send(forum.outgoing(ana, NOTE))
    with pytest.raises(NotSent) as error:
        await forum.channel.send(forum.outgoing(ana, NOTE, id="note-2"))
    assert 3 < error.value.after_s <= 5


async def test_a_revoked_key_is_told_to_admins(make: Make) -> None:
    """Nothing is lost: it is sent once the key is mended."""
    forum = await make()
    ana = await forum.asked()
    forum.stand.faults.set(Fault.REVOKED)
    with pytest.raises(NotSent, match="API key"):
        await forum.channel.send(forum.outgoing(ana, NOTE))
    assert forum.host.parts["send"][0] == "down"
    forum.stand.faults.clear()
    await forum.channel.send(forum.outgoing(ana, NOTE))
    assert forum.host.parts["send"] == ("ok", "")


async def test_a_refusal_in_the_forums_words_is_passed_on(make: Make) -> None:
    """What the forum says against a text reaches the person who wrote it."""
    forum = await make()
    ana = await forum.asked()
    forum.stand.faults.set(Fault.REFUSED, times=1)
    with pytest.raises(Refused, match=r"change it and send it again.*complete sentence"):
        await forum.channel.send(forum.outgoing(ana, NOTE))


async def test_a_forum_that_is_gone_has_nothing(make: Make) -> None:
    """A connection that was never made is no doubt."""
    forum = await make()
    ana = await forum.asked()
    await forum.stand.stop()
    with pytest.raises(NotSent, match="cannot be reached"):
        await forum.channel.send(forum.outgoing(ana, NOTE))


@pytest.mark.parametrize("fault", [Fault.DROPPED, Fault.FAILED_AFTER])
async def test_a_post_that_was_taken_without_an_answer_is_found(make: Make, fault: Fault) -> None:
    """Done and then silence is a doubt, settled by the mark at the topic's end; there is one copy."""
    forum = await make()
    ana = await forum.asked()
    forum.stand.faults.set(fault, times=1)
    with pytest.raises(InDoubt):
        await forum.channel.send(forum.outgoing(ana, NOTE))
    for number in range(40):
        raw = f"Me too, since Monday, and this is {number}"
        forum.stand.board.add(
            forum.stand.customer("Ben"), Draft(raw=raw, topic=forum.stand._topic(ana.thread))
        )
    sent = await forum.channel.reconcile(forum.outgoing(ana, NOTE))
    assert sent is not None
    assert sent.message_id.endswith(f":{forum.stand.ledger.to('Ana Berg')[0].id}")
    assert heard(forum) == [NOTE]


async def test_a_post_that_was_not_taken_is_sent_again(make: Make) -> None:
    """An error page is a doubt; the topic shows that nothing came of it, so it goes out once more."""
    forum = await make()
    ana = await forum.asked()
    forum.stand.faults.set(Fault.BROKEN, times=1)
    with pytest.raises(InDoubt):
        await forum.channel.send(forum.outgoing(ana, NOTE))
    with pytest.raises(NotSent, match="did not arrive"):
        await forum.channel.reconcile(forum.outgoing(ana, NOTE))
    await forum.channel.send(forum.outgoing(ana, NOTE))
    assert heard(forum) == [NOTE]


async def test_a_doubt_of_another_process_is_given_time(make: Make) -> None:
    """After a crash the forum may still be at work: what is not there yet may come."""
    forum = await make()
    ana = await forum.asked()
    note = forum.outgoing(ana, NOTE)
    assert await forum.channel.reconcile(note) is None
    with pytest.raises(NotSent, match="did not arrive"):
        await forum.channel.reconcile(forum.outgoing(ana, NOTE, at=note.at - timedelta(seconds=WORKING_S)))


async def test_a_long_topic_proves_nothing_beyond_its_end(make: Make) -> None:
    """Where more was written since than can be looked through, the doubt stays a doubt."""
    forum = await make()
    ana = await forum.asked()
    note = forum.outgoing(ana, NOTE, at=ana.received_at)
    for number in range(60):
        raw = f"Me too, since Monday, and this is {number}"
        forum.stand.board.add(
            forum.stand.customer("Ben"), Draft(raw=raw, topic=forum.stand._topic(ana.thread))
        )
    forum.stand.faults.set(Fault.BROKEN, times=1)
    with pytest.raises(InDoubt):
        await forum.channel.send(note)
    assert await forum.channel.reconcile(note) is None


async def test_while_the_forum_is_down_a_doubt_stays(make: Make) -> None:
    """Reading back needs the forum."""
    forum = await make()
    ana = await forum.asked()
    forum.stand.api.reading.set(Fault.BROKEN)
    assert await forum.channel.reconcile(forum.outgoing(ana, NOTE)) is None


async def test_sending_does_not_wait_for_the_poller_to_end(make: Make) -> None:
    """An answer under way when the account is closed is finished."""
    forum = await make()
    async with forum.receiving():
        ana = await forum.asked()
        forum.stand.faults.slow_s = 0.3
        forum.stand.faults.set(Fault.SLOW, times=1)
        sending = asyncio.create_task(forum.channel.send(forum.outgoing(ana, NOTE)))
        await forum.host.wait_for(lambda: forum.stand.faults.struck.get(Fault.SLOW, 0) == 1)
    await sending
    assert heard(forum) == [NOTE]
