import asyncio

import pytest
from msgspec.structs import replace

from channels.errors import InDoubt, NotSent, Refused
from channels.message import Attachment
from channels.twitter.conftest import Account, opened
from channels.twitter.progress import Log, Way
from channels.twitter.weight import split
from sandbox.faults import Fault
from sandbox.x.stand import XStand

LONG = "This sentence goes on for a while, and then it ends. " * 12


async def test_a_note_and_an_answer_go_under_the_post(account: Account) -> None:
    """Both reach the customer in public, in answer to their own post."""
    async with account.receiving():
        message = await account.asked()
    note = await account.x.send(account.answer(message, "Hi Ana, you'll hear by 15:40.", automatic=True))
    answer = await account.x.send(account.answer(message, "Until six & on Sundays.", id="out-2"))
    assert account.heard() == ["Hi Ana, you'll hear by 15:40.", "Until six & on Sundays."]
    posts = [account.stand.world.posts[one.message_id.removeprefix("x:")] for one in (note, answer)]
    assert [one.answers.id for one in posts if one.answers] == [message.key.removeprefix("x:")] * 2


async def test_a_note_goes_under_the_post_that_it_answers(account: Account) -> None:
    """When the customer has written again meanwhile, the note still stands under the first of their posts."""
    async with account.receiving():
        message = await account.asked()
        await account.stand.write("Ana", "Hello?", thread=message.thread)
        await account.got(lambda one: one.text == "Hello?")
    sent = await account.x.send(account.answer(message, "You'll hear by 15:40.", automatic=True))
    answers = account.stand.world.posts[sent.message_id.removeprefix("x:")].answers
    assert answers is not None
    assert answers.id == message.key.removeprefix("x:")


async def test_a_direct_message_goes_back_in_private(account: Account) -> None:
    """The answer to a direct message is one; an automatic one carries the account's notice below it."""
    account = opened(account.stand, dm_notice="Write STOP for no automatic messages.")
    async with account.receiving():
        message = await account.asked(public=False)
    await account.x.send(account.answer(message, "You'll hear by 15:40.", automatic=True))
    await account.x.send(account.answer(message, "Until six.", id="out-2"))
    assert account.heard() == [
        "You'll hear by 15:40.\n\nWrite STOP for no automatic messages.",
        "Until six.",
    ]
    assert not any(one.public for one in account.stand.ledger.to("Ana"))
    await account.x.close()


async def test_sending_the_same_again_sends_nothing(account: Account) -> None:
    """What is known to have gone is answered with the same name."""
    async with account.receiving():
        message = await account.asked()
    out = account.answer(message, "Until six.")
    assert await account.x.send(out) == await account.again().x.send(out)
    assert account.heard() == ["Until six."]


async def test_a_long_answer_becomes_a_thread(account: Account) -> None:
    """Each part fits and answers the one before; the first answers the customer."""
    async with account.receiving():
        message = await account.asked()
    sent = await account.x.send(account.answer(message, LONG))
    assert account.heard() == split(LONG)
    mine = [one for one in account.stand.world.posts.values() if one.author is account.stand.world.me]
    assert [one.answers.id for one in mine if one.answers] == [
        message.key.removeprefix("x:"),
        *(one.id for one in mine[:-1]),
    ]
    assert sent.message_id == f"x:{mine[0].id}"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("Hi Ana, see https://example.com for more.", "link"),
        ("Hi Ana, see example.com for more.", "link"),
        ("Hi Ana, your case is HB-7K2Q9.", "reference"),
        ("Hi Ana! " * 60, "280"),
    ],
)
async def test_a_note_that_does_not_belong_in_public_is_refused(
    account: Account, text: str, why: str
) -> None:
    """Links, references and overlong notes never go out; nothing is cut or stripped behind anybody's back."""
    async with account.receiving():
        message = await account.asked()
    with pytest.raises(Refused, match=why):
        await account.x.send(account.answer(message, text, automatic=True))
    assert account.heard() == []


async def test_an_unsummoned_reply_is_answered_privately_or_not_at_all(account: Account) -> None:
    """Without a direct message of theirs the agent is told what to do; with one the answer goes there."""
    async with account.served() as hook, account.receiving():
        await account.stand.connect(hook)
        post = unsummoned(account)
        message = await account.got(lambda one: one.key == f"x:{post}")
        assert "neither mentioned nor quoted" in message.no_note
        with pytest.raises(Refused, match="Open X"):
            await account.x.send(account.answer(message, "What is wrong?"))
        with pytest.raises(Refused, match="no note"):
            await account.x.send(account.answer(message, "Hi Ana", automatic=True, id="out-2"))
        await account.asked("Help me", public=False)
        await account.x.send(account.answer(message, "What is wrong?", id="out-3"))
    assert [(one.text, one.public) for one in account.stand.ledger.to("Ana")] == [("What is wrong?", False)]


def unsummoned(account: Account) -> str:
    """Let Ana answer our news without our name; return the number."""
    news = account.stand.api.publish("New opening hours!", None)
    post = account.stand.world.add_post(account.stand.world.user("Ana"), "this never works", answers=news)
    post.text = "this never works"
    account.stand._tell_of(post)
    return post.id


async def test_x_has_the_last_word_on_who_called_us(account: Account) -> None:
    """Where only X knows that a post may not be answered, its refusal leads the same way."""
    async with account.receiving():
        message = await account.asked()
        account.stand.world.posts[message.key.removeprefix("x:")].text = "edited by magic"
        with pytest.raises(Refused, match="Open X"):
            await account.x.send(account.answer(message, LONG))
        await account.asked("Help me", public=False)
        await account.x.send(account.answer(message, LONG, id="out-2"))
    assert [(one.text, one.public) for one in account.stand.ledger.to("Ana")] == [(LONG.strip(), False)]


async def test_a_later_reply_without_our_name_does_not_close_the_thread(account: Account) -> None:
    """An answer goes under the last post by which the person called us."""
    async with account.served() as hook, account.receiving():
        await account.stand.connect(hook)
        message = await account.asked()
        answered = await account.x.send(account.answer(message, "Until six."))
        ours = account.stand.world.posts[answered.message_id.removeprefix("x:")]
        later = account.stand.world.add_post(account.stand.world.user("Ana"), "hm", answers=ours)
        later.text = "hm, really?"
        account.stand._tell_of(later)
        second = await account.got(lambda one: one.text == "hm, really?")
        assert second.thread == message.thread
        await account.x.send(account.answer(second, "Really.", id="out-2"))
    assert account.heard() == ["Until six.", "Really."]


async def test_a_repetition_of_ours_counts_as_sent(account: Account) -> None:
    """X refuses the same words: if they stand under the same post already, they were sent; else it says so."""
    account.stand.api.rules.strict_duplicates = True
    async with account.receiving():
        message = await account.asked()
        await account.stand.write("Bob", "And me?")
        other = await account.got(lambda one: one.text == "And me?")
    there = account.stand.api.publish("Until six.", account.stand.world.posts[message.key.removeprefix("x:")])
    sent = await account.x.send(account.answer(message, "Until six."))
    assert sent.message_id == f"x:{there.id}"
    with pytest.raises(Refused, match="change the words"):
        await account.x.send(account.answer(other, "Until six.", id="out-2"))
    assert account.heard() == ["Until six."]


async def test_an_answer_to_a_deleted_post_is_refused(account: Account) -> None:
    """The agent reads that what they answer is gone."""
    async with account.receiving():
        message = await account.asked()
    account.stand.world.posts[message.key.removeprefix("x:")].deleted = True
    with pytest.raises(Refused, match="deleted"):
        await account.x.send(account.answer(message, "Until six."))


async def test_who_takes_no_messages_from_us_is_named(account: Account) -> None:
    """X's refusal of a direct message comes back with its words."""
    async with account.receiving():
        message = await account.asked(public=False)
    account.stand.api.rules.closed.add("Ana")
    with pytest.raises(Refused, match="cannot send messages"):
        await account.x.send(account.answer(message, "Until six."))


async def test_what_cannot_go_to_x_is_refused_with_what_to_do(account: Account) -> None:
    """Files, other kinds of addresses and encrypted chats are named, and nothing is asked of X."""
    async with account.receiving():
        message = await account.asked()
    out = account.answer(message, "Until six.")
    file = Attachment(name="a.pdf", content_type="application/pdf", size=1, blob="b")
    before = len(account.stand.requests)
    with pytest.raises(Refused, match="Files"):
        await account.x.send(replace(out, attachments=(file,)))
    with pytest.raises(Refused, match="another account"):
        await account.x.send(replace(out, to=replace(out.to, kind="email", address="a@b.example")))
    with pytest.raises(Refused, match="encrypted"):
        await account.x.send(replace(out, thread=f"chat/{out.to.address}", public=False))
    assert len(account.stand.requests) == before


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.THROTTLED_BARE, Fault.REVOKED])
async def test_what_certainly_did_not_go_is_tried_later(account: Account, fault: Fault) -> None:
    """After X's refusal the same can be sent again; it says when that makes sense."""
    async with account.receiving():
        message = await account.asked()
    out = account.answer(message, "Until six.")
    account.stand.faults.set(fault, times=1)
    with pytest.raises(NotSent) as caught:
        await account.x.send(out)
    assert caught.value.after_s > 0
    again = account.again()
    await asyncio.sleep(2.1 if fault is Fault.THROTTLED else 0)
    await again.x.send(out)
    await again.x.close()
    assert account.heard() == ["Until six."]


async def test_a_revoked_token_keeps_the_answer_and_tells_admins(account: Account) -> None:
    """Answers wait longer each time, and the account is down for admins until it goes again."""
    async with account.receiving():
        message = await account.asked()
    account.stand.revoked = True
    waits = []
    for _ in range(4):
        with pytest.raises(NotSent) as caught:
            await account.x.send(account.answer(message, "Until six."))
        waits.append(caught.value.after_s)
    assert waits == sorted(set(waits))
    assert account.host.parts["send"][0] == "down"
    assert "access_token" in account.host.parts["send"][1]
    account.stand.revoked = False
    await account.x.send(account.answer(message, "Until six."))
    assert account.host.parts["send"] == ("ok", "")


async def test_x_that_cannot_be_reached_has_sent_nothing(account: Account, stand: XStand) -> None:
    """A refused connection is certain."""
    async with account.receiving():
        message = await account.asked()
    away = opened(stand, api="http://127.0.0.1:9")
    with pytest.raises(NotSent):
        await away.x.send(account.answer(message, "Until six."))
    await away.x.close()


@pytest.mark.parametrize("where", ["public", "private"])
@pytest.mark.parametrize("fault", [Fault.BROKEN, Fault.DROPPED, Fault.FAILED_AFTER])
async def test_a_lost_answer_is_looked_up(account: Account, fault: Fault, where: str) -> None:
    """In doubt first; then X's own list tells whether it went, and it is there once in the end."""
    async with account.receiving():
        message = await account.asked(public=where == "public")
    out = account.answer(message, "Until six & https://example.com/more")
    account.stand.faults.set(fault, times=1)
    with pytest.raises(InDoubt):
        await account.x.send(out)
    account.stand.faults.clear()
    again = account.again(settled_s=0)
    if fault is Fault.BROKEN:
        with pytest.raises(NotSent):
            await again.x.reconcile(out)
        await again.x.send(out)
    else:
        found = await again.x.reconcile(out)
        assert found is not None
        assert found.message_id.removeprefix("x:") == account.stand.ledger.to("Ana")[0].id
    await again.x.close()
    assert account.heard() == ["Until six & https://example.com/more"]


async def test_it_is_too_early_to_say_that_x_does_not_have_it(account: Account) -> None:
    """A post may be listed a moment late: until then nothing is claimed, and nothing sent again."""
    async with account.receiving():
        message = await account.asked()
    out = account.answer(message, "Until six.")
    account.stand.faults.set(Fault.BROKEN, times=1)
    with pytest.raises(InDoubt):
        await account.x.send(out)
    assert await account.x.reconcile(out) is None
    with pytest.raises(InDoubt):
        await account.x.send(out)


async def test_a_black_hole_leaves_it_in_doubt(account: Account) -> None:
    """X takes the request and never answers: after our limit of time it counts as in doubt."""
    async with account.receiving():
        message = await account.asked()
    account.stand.faults.set(Fault.BLACK_HOLE)
    hasty = account.again(request_s=0.3)
    with pytest.raises(InDoubt):
        await hasty.x.send(account.answer(message, "Until six."))
    await hasty.x.close()


async def test_what_was_never_begun_was_not_sent(account: Account) -> None:
    """A crash before the first step leaves no trace, and X need not be asked."""
    async with account.receiving():
        message = await account.asked()
    before = len(account.stand.requests)
    with pytest.raises(NotSent):
        await account.x.reconcile(account.answer(message, "Until six."))
    assert len(account.stand.requests) == before


async def test_x_that_cannot_be_asked_leaves_it_in_doubt(account: Account) -> None:
    """Reading back fails: that proves nothing."""
    async with account.receiving():
        message = await account.asked()
    out = account.answer(message, "Until six.")
    account.stand.faults.set(Fault.BROKEN)
    with pytest.raises(InDoubt):
        await account.x.send(out)
    assert await account.x.reconcile(out) is None


@pytest.mark.parametrize(
    ("fault", "after"),
    [(Fault.THROTTLED_BARE, 1), (Fault.BROKEN, 1), (Fault.DROPPED, 2), (Fault.FAILED_AFTER, 2)],
)
async def test_a_thread_that_fails_in_the_middle_goes_on_where_it_stopped(
    account: Account, fault: Fault, after: int
) -> None:
    """Whatever happens at the second part, in the end each part is there once, in order."""
    async with account.receiving():
        message = await account.asked()
    out = account.answer(message, LONG)
    ledger = account.stand.ledger

    def then_fail(_: object) -> None:
        if len(ledger.to("Ana")) == after:
            account.stand.faults.set(fault, times=1)

    ledger.watch(then_fail)
    with pytest.raises((NotSent, InDoubt)):
        await account.x.send(out)
    again = account.again(settled_s=0)
    for _ in range(4):
        try:
            await again.x.reconcile(out)
            break
        except NotSent:
            try:
                await again.x.send(out)
                break
            except (NotSent, InDoubt):
                continue
    await again.x.close()
    assert account.heard() == split(LONG)


async def test_a_crash_between_a_part_and_its_note_posts_nothing_twice(account: Account) -> None:
    """The process dies after X took the first part and before that was written down."""
    async with account.receiving():
        message = await account.asked()
    out = account.answer(message, LONG)
    parts = split(LONG)
    log = Log(account.host, out)
    await log.read()
    number = message.key.removeprefix("x:")
    await log.trying(Way(kind="post", to=number))
    account.stand.api.publish(parts[0], account.stand.world.posts[number])
    with pytest.raises(InDoubt):
        await account.x.send(out)
    with pytest.raises(NotSent):
        await account.x.reconcile(out)
    await account.x.send(out)
    assert account.heard() == parts


async def test_a_thread_that_takes_too_long_goes_on_later(account: Account) -> None:
    """Within the time of one try as many parts go as fit; the rest follows with the next."""
    async with account.receiving():
        message = await account.asked()
    hasty = account.again(parts_s=-1.0)
    with pytest.raises(NotSent, match="0 of 3"):
        await hasty.x.send(account.answer(message, LONG))
    await account.x.send(account.answer(message, LONG))
    assert account.heard() == split(LONG)


async def test_a_novel_is_not_posted(account: Account) -> None:
    """More parts than anybody reads come back to the author."""
    async with account.receiving():
        message = await account.asked()
    with pytest.raises(Refused, match="Shorten"):
        await account.x.send(account.answer(message, LONG * 30))


async def test_the_reserve_is_for_people(stand: XStand) -> None:
    """With the budget spent a note is refused, an answer goes; with the reserve spent too, that is refused."""
    account = opened(stand, budget="0.015", budget_reserve="0.015")
    async with account.served() as hook, account.receiving():
        await stand.connect(hook)
        message = await account.asked()
        await account.host.wait_for(lambda: account.host.parts.get("budget", ("", ""))[0] == "degraded")
        spent = int(next(one.value for name, one in account.host.memos.items() if "spent" in name))
    assert 15_000 <= spent <= 20_000
    with pytest.raises(Refused, match="budget"):
        await account.x.send(account.answer(message, "Hi Ana", automatic=True))
    await account.x.send(account.answer(message, "Until six.", id="out-2"))
    with pytest.raises(Refused, match="reserve"):
        await account.x.send(account.answer(message, "And on Sundays.", id="out-3"))
    await account.x.close()
    assert account.heard() == ["Until six."]


async def test_automatic_direct_messages_need_one_of_theirs(account: Account) -> None:
    """Nobody is written to by program who did not write first, or who asked for no more of it."""
    async with account.receiving():
        message = await account.asked(public=False)
        out = account.answer(message, "You'll hear by 15:40.", automatic=True)
        stranger = replace(out, to=replace(out.to, address="77"), thread="dm/77", customer_at=None)
        with pytest.raises(Refused, match="wrote one first"):
            await account.x.send(stranger)
        await account.asked("Stop!", public=False)
        with pytest.raises(Refused, match="no automatic"):
            await account.x.send(replace(out, id="out-2"))
