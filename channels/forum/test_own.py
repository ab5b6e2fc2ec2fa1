import pytest

from channels.forum.conftest import Make, Setup
from channels.message import Kind
from channels.port import Standing
from sandbox.discourse.board import Draft
from sandbox.faults import Fault

ASK = "Where is my parcel? It should have come on Monday."


def _standing(forum: Setup, thread: str) -> None:
    """Let the service have a conversation in the thread."""
    forum.host.standings[thread] = Standing(reference="HB-1", status="open", person="Maria", assigned=True)


@pytest.mark.parametrize("webhooks", [True, False])
async def test_what_we_sent_does_not_come_back(make: Make, *, webhooks: bool) -> None:
    """A note and an answer of ours are recognised, whichever way their copies come."""
    forum = await make(webhooks=webhooks)
    async with forum.receiving():
        ana = await forum.asked(ASK)
        forum.host.leaving[ana.thread] |= {"Your parcel left our warehouse today."}
        await forum.channel.send(forum.outgoing(ana, "Hi Ana, Maria here. I'll answer by 15:40 today."))
        answer = forum.outgoing(ana, "Your parcel left our warehouse today.", id="reply-1", automatic=False)
        sent = await forum.channel.send(answer)
        forum.host.sent.add(sent.message_id)
        await forum.host.wait_for(lambda: sent.message_id.rpartition(":")[2] in forum.host.cursors[""])
    assert [one.text for one in forum.got] == [ASK]


async def test_an_answer_by_hand_in_our_account_counts(make: Make) -> None:
    """What a person wrote on the forum with our account is an answer given elsewhere."""
    forum = await make()
    async with forum.receiving():
        await forum.stand.write("Cleo", "My invoice is wrong too, please look.", public=False)
        await forum.host.wait_for(lambda: len(forum.got) == 1)
        await forum.stand.answer("Cleo", "I have corrected it, it is on its way.")
        await forum.host.wait_for(lambda: len(forum.got) == 2)
    cleo, agent = forum.got
    assert (agent.kind, agent.thread, agent.public) == (Kind.AGENT, cleo.thread, False)


async def test_an_answer_of_our_people_names_the_agent(make: Make) -> None:
    """A post by somebody in `staff` is an answer of that person, known by mail address."""
    forum = await make()
    ana = await forum.asked(ASK)
    _standing(forum, ana.thread)
    await forum.stand.answer("Ana Berg", "It left our warehouse this morning.")
    await forum.host.wait_for(lambda: len(forum.got) == 2)
    agent = forum.got[1]
    assert (agent.kind, agent.thread, agent.sender.key) == (Kind.AGENT, ana.thread, "email:maria@example.com")


async def test_an_answer_in_an_unknown_topic_keeps_the_forum_name(make: Make) -> None:
    """Where nobody wrote to us yet, our colleague does not become a customer by mail."""
    forum = await make()
    await forum.asked(ASK)
    await forum.stand.answer("Ana Berg", "It left our warehouse this morning.")
    await forum.host.wait_for(lambda: len(forum.got) == 2)
    assert forum.got[1].kind is Kind.AGENT
    assert forum.got[1].sender.kind == "forum"


async def test_a_note_that_a_moderator_let_through_is_no_answer(make: Make) -> None:
    """A note approved long after it was refused still carries its mark, and keeps no promise."""
    forum = await make()
    ana = await forum.asked(ASK)
    forum.stand.api.held_for_review = True
    note = forum.outgoing(ana, "Hi Ana, Maria here. I'll answer by 15:40 today.")
    with pytest.raises(Exception, match="approve it there"):
        await forum.channel.send(note)
    board = forum.stand.board
    topic = next(iter(board.topics.values()))
    before = len(forum.stand.hooks.answers)
    approved = board.add(forum.stand.api.us, Draft(raw=forum.stand.api.pending[0]["raw_text"], topic=topic))
    forum.stand.announce(approved)
    await forum.host.wait_for(lambda: len(forum.stand.hooks.answers) == before + 1)
    assert len(forum.got) == 1


async def test_a_copy_that_overtakes_the_answer_is_recognised(make: Make) -> None:
    """The webhook of our own answer may come before the forum has told us its number."""
    forum = await make()
    ana = await forum.asked(ASK)
    text = "Your parcel left our warehouse today."
    forum.host.leaving[ana.thread] |= {text}
    forum.stand.faults.set(Fault.FAILED_AFTER, times=1)
    with pytest.raises(Exception, match="may be on the forum"):
        await forum.channel.send(forum.outgoing(ana, text, id="reply-1", automatic=False))
    await forum.host.wait_for(lambda: len(forum.stand.hooks.answers) == 4)
    assert [one.text for one in forum.got] == [ASK]
