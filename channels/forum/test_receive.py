import pytest

from channels.errors import Unavailable
from channels.forum.conftest import Make
from channels.forum.parse import Event
from channels.message import Kind
from router.testing import ManualClock
from sandbox.discourse.board import Draft
from sandbox.faults import Fault

ASK = "Where is my parcel? It should have come on Monday."


async def test_a_topic_comes_in_once_by_webhook_and_by_polling(make: Make) -> None:
    """topic_created, post_created and two lists of posts are one message."""
    forum = await make()
    async with forum.receiving():
        ana = await forum.asked(ASK)
        saves = len(forum.host.saves)
        await forum.host.wait_for(lambda: len(forum.host.saves) > saves)
    assert len(forum.got) == 1
    assert (ana.subject, ana.thread[:6], ana.public) == (
        "Where is my parcel? It should have come on",
        "topic/",
        True,
    )
    assert ana.sender.name == "Ana Berg"
    assert ana.sender.verified


async def test_webhooks_alone_are_enough(make: Make) -> None:
    """A post comes in at once, without any look at the lists."""
    forum = await make()
    await forum.asked(ASK)
    await forum.host.wait_for(lambda: forum.stand.hooks.answers == [200, 200, 200])


async def test_polling_finds_what_webhooks_dropped(make: Make) -> None:
    """A lost webhook costs a polling interval, not a message."""
    forum = await make()
    forum.stand.faults.set(Fault.LOST)
    async with forum.receiving():
        await forum.asked(ASK)
    assert forum.stand.hooks.answers == [200]
    assert forum.host.parts["receive"] == ("ok", "")


async def test_a_hundred_copies_at_once_are_one_message(make: Make) -> None:
    """However often the forum repeats an event, and with whatever event id, it counts once."""
    forum = await make()
    await forum.stand.write("Ana Berg", ASK)
    post = next(iter(forum.stand.board.posts.values()))
    for _ in range(100):
        forum.stand.announce(post)
    await forum.host.wait_for(lambda: len(forum.stand.hooks.answers) >= 203)
    assert set(forum.stand.hooks.answers) == {200}
    assert len(forum.got) == 1


async def test_events_twice_late_and_in_the_wrong_order(make: Make) -> None:
    """Each post comes in once, whatever becomes of its webhooks."""
    forum = await make(poll_every=60.0)
    forum.stand.faults.late_s = 0.05
    for fault in (Fault.TWICE, Fault.REORDERED, Fault.LATE):
        forum.stand.faults.set(fault, 0.5)
    wanted = [f"{ASK} This is the topic with the number {number}." for number in range(20)]
    for text in wanted:
        await forum.stand.write("Ana Berg", text)
    await forum.texts(*wanted)


async def test_replies_join_the_topic(make: Make) -> None:
    """Any member's post in a topic has the topic's thread."""
    forum = await make()
    ana = await forum.asked(ASK)
    await forum.stand.write("Ben", "I have the same problem since Monday.", thread=ana.thread)
    await forum.host.wait_for(lambda: len(forum.got) == 2)
    assert forum.got[1].thread == ana.thread
    assert forum.got[1].sender.name == "Ben"


@pytest.mark.parametrize("webhooks", [True, False])
async def test_an_edit_is_attached(make: Make, *, webhooks: bool) -> None:
    """A changed post comes as an edit of the first one, by webhook and by polling under one key."""
    forum = await make(webhooks=webhooks)
    async with forum.receiving():
        await forum.asked(ASK)
        number = max(forum.stand.board.posts)
        forum.stand.edit(number, "Where is my parcel 5522?", new_version=False)
        await forum.host.wait_for(lambda: len(forum.got) == 2)
        saves = len(forum.host.saves)
        forum.stand.edit(number, "Where is my parcel 5523?")
        await forum.host.wait_for(lambda: len(forum.got) == 3 and len(forum.host.saves) > saves)
    assert [one.kind for one in forum.got] == [Kind.CUSTOMER, Kind.EDIT, Kind.EDIT]
    assert {one.about for one in forum.got[1:]} == {forum.got[0].message_id}
    assert [one.text[-5:] for one in forum.got[1:]] == ["5522?", "5523?"]


@pytest.mark.parametrize("webhooks", [True, False])
async def test_a_deletion_is_attached(make: Make, *, webhooks: bool) -> None:
    """A deleted post is told of once, by webhook or because it is gone from the list."""
    forum = await make(webhooks=webhooks)
    async with forum.receiving():
        ana = await forum.asked(ASK)
        await forum.host.wait_for(lambda: ana.message_id.rpartition(":")[2] in forum.host.cursors[""])
        saves = len(forum.host.saves)
        forum.stand.delete(max(forum.stand.board.posts))
        await forum.host.wait_for(lambda: len(forum.got) == 2 and len(forum.host.saves) > saves)
    assert (forum.got[1].kind, forum.got[1].about) == (Kind.DELETE, ana.message_id)
    assert len(forum.got) == 2


async def test_what_the_forum_itself_writes_is_ignored(make: Make) -> None:
    """Whispers, small actions and posts of the system account are no messages."""
    forum = await make()
    ana = await forum.asked(ASK)
    forum.stand.whisper(ana.thread, "Somebody should look at this customer.")
    forum.stand.close(ana.thread)
    system = Draft(
        raw="This topic was closed after 90 days.", topic=next(iter(forum.stand.board.topics.values()))
    )
    forum.stand.announce(forum.stand.board.add(forum.stand.board.system, system))
    await forum.host.wait_for(lambda: len(forum.stand.hooks.answers) == 6)
    assert len(forum.got) == 1


async def test_what_was_there_before_is_left_alone(make: Make) -> None:
    """The first connection starts at now, and tidying up old topics makes no work."""
    forum = await make(webhooks=False)
    await forum.stand.write("Ana Berg", "An old question that was answered long ago.")
    async with forum.receiving():
        await forum.stand.connect(forum.hook)
        forum.stand.edit(max(forum.stand.board.posts), "An old question, moved to the archive.")
        forum.stand.delete(max(forum.stand.board.posts))
        await forum.host.wait_for(lambda: len(forum.stand.hooks.answers) == 3)
        await forum.asked(ASK)
    assert [one.text for one in forum.got] == [ASK]


@pytest.mark.parametrize("older", [False, True])
async def test_a_restart_loses_and_doubles_nothing(make: Make, *, older: bool) -> None:
    """Posts written while we were away come in, in order, over pages and gaps in the numbers."""
    forum = await make(webhooks=False, poll_every=0.02)
    forum.stand.api.older = older
    async with forum.receiving():
        await forum.asked(ASK)
    wanted = [f"{ASK} This is the topic with the number {number}." for number in range(130)]
    for number, text in enumerate(wanted):
        forum.stand.board.skip_ids(40 if number % 50 else 3000)
        await forum.stand.write("Ana Berg", text)
    async with forum.receiving():
        await forum.host.wait_for(lambda: len(forum.got) >= 131, 20)
    assert [one.text for one in forum.got] == [ASK, *wanted]


async def test_a_post_that_shows_up_late_is_found(make: Make) -> None:
    """A post with a lower number than one already taken comes in, as after a review or a slow commit."""
    forum = await make(webhooks=False)
    async with forum.receiving():
        await forum.stand.write("Ben", "This post waits in a transaction that is not over.")
        late = forum.stand.board.posts[max(forum.stand.board.posts)]
        late.hidden = True
        await forum.asked(ASK)
        late.hidden = False
        await forum.host.wait_for(lambda: len(forum.got) == 2)
    assert forum.got[1].sender.name == "Ben"


async def test_while_the_store_is_down_nothing_is_acknowledged(make: Make) -> None:
    """The webhook gets 503 and the position stays, so the post comes in afterwards."""
    forum = await make(webhooks=False)
    await forum.stand.write("Ben", "This was there before we came.")
    await forum.stand.connect(forum.hook)
    async with forum.receiving():
        position = forum.host.cursors[""]
        forum.host.refuse = Unavailable("the store is down")
        await forum.stand.write("Ana Berg", ASK)
        await forum.host.wait_for(lambda: 503 in forum.stand.hooks.answers)
        await forum.host.wait_for(lambda: forum.host.parts.get("receive", ("", ""))[0] == "degraded")
        assert forum.host.cursors[""] == position
        forum.host.refuse = None
        await forum.texts(ASK)


async def test_retries_of_the_forum_are_taken(make: Make) -> None:
    """Where the forum's retries are on, a post that was put off comes in by them alone."""
    forum = await make()
    forum.stand.hooks.retries = True
    forum.host.refuse = Unavailable("the store is down")
    await forum.stand.write("Ana Berg", ASK)
    await forum.host.wait_for(lambda: 503 in forum.stand.hooks.answers)
    forum.host.refuse = None
    await forum.texts(ASK)


@pytest.mark.parametrize(
    ("fault", "state"),
    [(Fault.BROKEN, "degraded"), (Fault.THROTTLED, "degraded"), (Fault.SLOW, "ok")],
)
async def test_a_forum_that_fails_is_asked_again(make: Make, fault: Fault, state: str) -> None:
    """Errors and limits while reading are shown, and end by themselves."""
    forum = await make(webhooks=False, private_messages="ignore")
    forum.host.cursors["private"] = ""
    async with forum.receiving():
        forum.stand.api.reading.slow_s = 0.1
        forum.stand.api.reading.set(fault, times=1)
        await forum.asked(ASK)
        await forum.host.wait_for(lambda: forum.host.parts["receive"] == ("ok", ""))
    assert forum.host.reports[0][0] == "ok"
    assert any(said == state for said, _ in forum.host.reports)


async def test_a_refused_key_is_told_to_admins(make: Make) -> None:
    """When the key is revoked, the account is down, and the report says which settings to check."""
    forum = await make(webhooks=False)
    forum.host.cursors |= {"": "", "private": ""}
    forum.stand.api.reading.set(Fault.REVOKED)
    async with forum.receiving():
        await forum.host.wait_for(lambda: forum.host.parts.get("receive", ("", ""))[0] == "down")
    assert "api_key" in forum.host.parts["receive"][1]


async def test_private_messages_to_us_come_in_and_others_do_not(make: Make) -> None:
    """A private message is taken only when our account takes part in it, and is not public."""
    forum = await make()
    async with forum.receiving():
        others = Draft(raw="A secret between two members.", title="Secret", members=("ana", "ben"))
        forum.stand.board.user("ana")
        forum.stand.board.user("ben")
        forum.stand.announce(forum.stand.board.add(forum.stand.board.user("ana"), others))
        await forum.stand.write("Cleo", "My invoice is wrong, here is my number.", public=False)
        await forum.texts("My invoice is wrong, here is my number.")
    assert not forum.got[0].public
    assert "Secret" not in str(forum.got)


async def test_an_admins_key_does_not_open_others_messages(make: Make) -> None:
    """Even where the list shows everything, only messages with our account among the members count."""
    forum = await make()
    async with forum.receiving():
        forum.stand.api.us.moderator = True
        draft = Draft(raw="Two members talk in private.", title="Secret", members=("example_support2", "ben"))
        for name in draft.members or ():
            forum.stand.board.user(name)
        post = forum.stand.board.add(forum.stand.board.user("ben"), draft)
        shape = {"topic_archetype": "private_message", "raw": post.raw, "id": post.id, "username": "ben"}
        data = shape | {"topic_id": post.topic.id, "user_id": post.author.id}
        await forum.channel._pollers[1]._intake.take(Event.CREATED, data)
    assert forum.got == []


async def test_whoever_invites_us_is_heard_from_then_on(make: Make) -> None:
    """Members talk in private, then add our account: what they write to it comes in, what was before does not."""
    forum = await make()
    board, ana, ben = forum.stand.board, forum.stand.customer("Ana Berg"), forum.stand.customer("Ben Dahl")
    async with forum.receiving():
        forum.host.clock = clock = ManualClock(forum.host.clock.now())
        draft = Draft(
            raw="Only between the two of us, Ben.", title="Ours", members=(ana.username, ben.username)
        )
        first = board.add(ana, draft)
        forum.stand.announce(first)
        await forum.host.wait_for(lambda: first.topic.id in forum.channel._hook._intake._theirs)
        first.topic.members = (ana.username, ben.username, forum.stand.api.us.username)
        clock.move(60)
        forum.stand.announce(
            board.add(ben, Draft(raw="Support, could you have a look at this?", topic=first.topic))
        )
        await forum.texts("Support, could you have a look at this?")


async def test_private_messages_can_be_ignored(make: Make) -> None:
    """With `private_messages = ignore` they are not even asked for."""
    forum = await make(private_messages="ignore")
    forum.host.cursors["private"] = ""
    async with forum.receiving():
        await forum.stand.write("Cleo", "My invoice is wrong, here is my number.", public=False)
        await forum.asked(ASK)
    assert [one.text for one in forum.got] == [ASK]


async def test_only_the_categories_wanted_are_taken(make: Make) -> None:
    """A category named by slug is known in lists too, which name ids only."""
    forum = await make(webhooks=False, categories=("feedback",))
    async with forum.receiving():
        await forum.stand.write("Ben", "This is in the category for support.")
        draft = Draft(raw="I like the new packaging very much.", title="Packaging", category=5)
        forum.stand.board.add(forum.stand.customer("Ana Berg"), draft)
        await forum.texts("I like the new packaging very much.")


async def test_files_are_fetched_from_the_forum_only(make: Make) -> None:
    """What lies on the forum comes along; what it points to elsewhere, or is too large, stays a link."""
    forum = await make(max_file=2000)
    elsewhere = await make()
    forum.stand.api.files = {"label.pdf": ("application/pdf", b"%PDF-1"), "big.bin": ("x/y", b"0" * 3000)}
    elsewhere.stand.api.files = {"cdn.png": ("image/png", b"png")}
    forum.stand.api.elsewhere = {"cdn.png": f"{elsewhere.stand.url}/uploads/short-url/cdn.png"}
    names = ("label.pdf", "big.bin", "cdn.png", "gone.png")
    await forum.stand.write(
        "Ana Berg", "Files: " + " ".join(f"[{one}|attachment](upload://{one})" for one in names)
    )
    await forum.host.wait_for(lambda: len(forum.got) == 1)
    (message,) = forum.got
    assert [one.name for one in message.attachments] == ["label.pdf"]
    assert await forum.host.blobs.get(message.attachments[0].blob) == b"%PDF-1"
    assert f"[cdn.png: {forum.stand.url}/uploads/short-url/cdn.png]" in message.text
