from datetime import timedelta

import pytest
from aiohttp import web

from channels.errors import Unavailable
from channels.facebook.conftest import Served, served
from channels.facebook.files import Files, NotFetched, PublicOnly
from channels.facebook.found import Link
from channels.message import Kind
from channels.port import Standing
from router.testing import MemoryBlobs, RecordingHost
from sandbox.faults import Fault
from sandbox.meta import shapes
from sandbox.meta.stand import MetaStand
from sandbox.meta.world import Media
from sandbox.stand import Site


async def test_a_message_in_messenger_comes_in(fb: Served) -> None:
    """A customer's message has their name, its window, and a thread that only they can write to."""
    mid = await fb.stand.write("Ana Costa", "Where is my parcel? 📦", public=False)
    (message,) = await fb.arrives()
    person = fb.stand.world.person("Ana Costa")
    assert message.key == message.message_id == f"fb:{mid}"
    assert message.kind is Kind.CUSTOMER
    assert (message.sender.key, message.sender.name) == (f"facebook:{person.id}", "Ana Costa")
    assert message.text == "Where is my parcel? 📦"
    assert message.thread == f"dm/{person.id}"
    assert not message.public
    assert message.reply_until is not None
    assert message.sent_at is not None
    assert message.reply_until - message.sent_at == timedelta(hours=24)


async def test_a_comment_comes_in_as_public(fb: Served) -> None:
    """A comment can be read by others; its thread is the post and the person, and it may be answered always."""
    name = await fb.stand.write("Ana Costa", "Do you ship to Norway?")
    more = await fb.stand.write("Ana Costa", "And to Sweden?", thread=name)
    other = await fb.stand.write("Bo Lund", "I'd like to know too", thread=name)
    messages = await fb.arrives(3)
    assert {message.key for message in messages} == {f"fbc:{one}:add" for one in (name, more, other)}
    by = {message.key: message for message in messages}
    assert by[f"fbc:{name}:add"].thread == by[f"fbc:{more}:add"].thread != by[f"fbc:{other}:add"].thread
    assert all(
        message.public and message.reply_until is None and not message.references for message in messages
    )
    assert by[f"fbc:{other}:add"].sender.name == "Bo Lund"


async def test_a_post_left_on_the_page_comes_in(fb: Served) -> None:
    """What visitors post on the page is for the page; the answer goes below it."""
    post = fb.stand.visit("Ana Costa", "You were closed today!")
    (message,) = await fb.arrives()
    assert (message.key, message.public) == (f"fbc:{post.id}:add", True)
    await fb.page.send(fb.answer(message, "I am sorry, Ana."))
    (seen,) = fb.stand.ledger.to("Ana Costa")
    assert (seen.text, seen.thread) == ("I am sorry, Ana.", post.id)


async def test_what_needs_no_reaction_is_dropped(fb: Served) -> None:
    """Likes, reactions, deliveries and the page's own posts become no messages."""
    fb.stand.like("Ana Costa")
    fb.stand.hooks.emit("changes", shapes.posted(fb.stand.world.post("We are open.")))
    await fb.host.wait_for(lambda: bool(fb.stand.hooks.answers), 10.0)
    assert set(fb.stand.hooks.answers) == {200}
    assert fb.host.delivered == []


async def test_thumbs_buttons_and_changes(fb: Served) -> None:
    """The thumb is a thumb, a pressed button its words, and edits and removals speak of what they change."""
    fb.stand.thumb("Ana Costa")
    fb.stand.press("Ana Costa", "Talk to a person")
    mid = await fb.stand.write("Ana Costa", "Order 1234", public=False)
    await fb.arrives(3)
    fb.stand.edit(mid, "Order 1235")
    name = await fb.stand.write("Ana Costa", "Hello")
    await fb.arrives(5)
    fb.stand.edit(name, "Hello there")
    fb.stand.edit(name, "Hello again")
    await fb.arrives(7)
    fb.stand.remove(name)
    found = await fb.arrives(8)
    assert [one.text for one in found[:3]] == ["👍", "Talk to a person", "Order 1234"]
    changes = [(one.kind, one.text, one.about) for one in found if one.about]
    assert changes[0] == (Kind.EDIT, "Order 1235", f"fb:{mid}")
    assert sorted(changes[1:3]) == [
        (Kind.EDIT, "Hello again", f"fbc:{name}"),
        (Kind.EDIT, "Hello there", f"fbc:{name}"),
    ]
    assert changes[3] == (Kind.DELETE, "", f"fbc:{name}")


async def test_an_advert_opens_seven_days(fb: Served) -> None:
    """Coming by an advert writes nothing, but whoever then writes may be answered for seven days."""
    fb.stand.come_by_advert("Ana Costa")
    person = fb.stand.world.person("Ana Costa")
    await fb.host.wait_for(lambda: f"ad:{person.id}" in fb.host.memos, 10.0)
    await fb.stand.write("Ana Costa", "About the lamp", public=False)
    (message,) = await fb.arrives()
    assert message.reply_until is not None
    assert timedelta(days=6, hours=23) < message.reply_until - message.received_at <= timedelta(days=7)
    fb.stand.let_pass("Ana Costa", 30)
    late = fb.note(message, customer_at=message.received_at - timedelta(hours=30))
    await fb.page.send(late)
    assert len(fb.stand.ledger.to("Ana Costa")) == 1


async def test_people_have_seven_days_with_human_agent(stand: MetaStand) -> None:
    """With the feature approved the window that the desk shows is that of people."""
    async with served(stand, human_agent=True) as fb:
        await stand.write("Ana Costa", "Hello", public=False)
        (message,) = await fb.arrives()
        assert message.reply_until is not None
        assert message.sent_at is not None
        assert message.reply_until - message.sent_at == timedelta(days=7)


async def test_private_replies_have_seven_days(stand: MetaStand) -> None:
    """Where comments are answered in private, the time for that is the message's window."""
    async with served(stand, comments="private") as fb:
        await stand.write("Ana Costa", "Hello")
        (message,) = await fb.arrives()
        assert message.reply_until is not None
        assert message.sent_at is not None
        assert message.reply_until - message.sent_at == timedelta(days=7)


async def test_answers_typed_in_metas_inbox_are_ours(fb: Served) -> None:
    """An echo of another app is an answer by a person of ours, in the customer's thread."""
    await fb.stand.write("Ana Costa", "Hello", public=False)
    await fb.arrives()
    mid = await fb.stand.answer("Ana Costa", "Hi Ana, Tom here")
    asked, answer = await fb.arrives(2)
    assert (answer.kind, answer.key, answer.text) == (Kind.AGENT, f"fb:{mid}", "Hi Ana, Tom here")
    assert answer.thread == asked.thread


async def test_what_our_outbox_sent_is_no_answer_by_a_person(fb: Served) -> None:
    """An echo without an app is asked about before it counts as somebody's answer."""
    await fb.stand.write("Ana Costa", "Hello", public=False)
    (asked,) = await fb.arrives()
    person = fb.stand.world.person("Ana Costa")
    echo = shapes.messaging(person, fb.host.clock.now(), from_page=True)
    fb.host.sent.add("fb:m_known")
    fb.host.leaving[asked.thread].add("on its way")
    for mid, text in (("m_known", "sent before"), ("m_new", "on its way"), ("m_tom", "by Tom")):
        fb.stand.hooks.emit("messaging", echo | {"message": {"mid": mid, "is_echo": True, "text": text}})
    assert [one.text for one in await fb.arrives(2)] == ["Hello", "by Tom"]


async def test_a_bots_words_are_nobodys_answer(stand: MetaStand) -> None:
    """What an app named in `programs` writes keeps no promise."""
    async with served(stand, programs=("888",)) as fb:
        await stand.write("Ana Costa", "Hello", public=False)
        await fb.arrives()
        person = stand.world.person("Ana Costa")
        echo = shapes.messaging(person, fb.host.clock.now(), from_page=True)
        stand.hooks.emit(
            "messaging", echo | {"message": {"mid": "m_b", "is_echo": True, "app_id": 888, "text": "Bip"}}
        )
        await stand.answer("Ana Costa", "Tom here")
        assert [one.text for one in await fb.arrives(2)] == ["Hello", "Tom here"]


async def test_answers_on_the_page_find_whom_they_answer(fb: Served) -> None:
    """An own comment cites the comment above it, or is put into the thread of the customer whom it names."""
    first = await fb.stand.write("Ana Costa", "Do you ship to Norway?")
    (ana,) = await fb.arrives()
    await fb.stand.answer("Ana Costa", "Yes, we do.")
    _, answer = await fb.arrives(2)
    assert (answer.kind, answer.references, answer.public) == (Kind.AGENT, (f"fbc:{first}",), True)
    await fb.stand.write("Bo Lund", "And to Iceland?", thread=first)
    bo = (await fb.arrives(3))[-1]
    fb.host.standings[bo.thread] = Standing(reference="HB-2", status="open", person="Maria", assigned=False)
    await fb.stand.answer("Bo Lund", "Not yet.")
    answer = (await fb.arrives(4))[-1]
    assert (answer.kind, answer.text) == (Kind.AGENT, "Not yet.")
    assert answer.thread == bo.thread != ana.thread


async def test_answers_below_a_visitors_post_are_theirs(fb: Served) -> None:
    """What the page writes directly below a visitor's post answers the visitor; below its own post, nobody."""
    await fb.stand.write("Bo Lund", "Hello")
    own = fb.stand.world.comment(fb.stand.world.posts[0], None, "By the way: closed on Monday.")
    fb.stand.hooks.emit("changes", shapes.change(own, "add", ""))
    fb.stand.visit("Ana Costa", "You were closed today!")
    asked = (await fb.arrives(2))[-1]
    await fb.stand.answer("Ana Costa", "Sorry, Ana.")
    answer = (await fb.arrives(3))[-1]
    assert (answer.kind, answer.text, answer.thread) == (Kind.AGENT, "Sorry, Ana.", asked.thread)


async def test_pictures_are_kept(fb: Served) -> None:
    """A picture is fetched while Facebook keeps it; the words beside it stay as they are."""
    picture = Media(name="box.png", content_type="image/png", data=b"\x89PNG" + bytes(500))
    fb.stand.message(fb.stand.world.person("Ana Costa"), "It came like this", media=picture)
    (message,) = await fb.arrives()
    (kept,) = message.attachments
    assert (kept.name, kept.content_type, kept.size) == ("box.png", "image/png", 504)
    assert await fb.host.blobs.get(kept.blob) == picture.data
    assert message.text == "It came like this"


async def test_a_full_disk_loses_no_picture(stand: MetaStand) -> None:
    """Facebook is told to send it again, and it comes with its picture once there is room."""
    blobs = MemoryBlobs()
    blobs.refuse = Unavailable("the disk is full")
    picture = Media(name="box.png", content_type="image/png", data=bytes(500))
    async with served(stand, host=RecordingHost("facebook", {}, blobs=blobs)) as fb:
        stand.message(stand.world.person("Ana Costa"), "It came like this", media=picture)
        await fb.host.wait_for(lambda: 503 in stand.hooks.answers, 10.0)
        assert fb.host.delivered == []
        blobs.refuse = None
        (message,) = await fb.arrives()
        assert (message.kind, len(message.attachments)) == (Kind.CUSTOMER, 1)


@pytest.mark.parametrize("most", [0, 100])
async def test_a_picture_too_large_is_named(stand: MetaStand, most: int) -> None:
    """Beyond the limit a word stands for the file."""
    picture = Media(name="box.png", content_type="image/png", data=bytes(500))
    async with served(stand, max_file=most) as fb:
        stand.message(stand.world.person("Ana Costa"), "", media=picture)
        (message,) = await fb.arrives()
        assert (message.text, message.attachments) == ("[picture]", ())


@pytest.mark.parametrize(
    "url",
    [
        "http://scontent.xx.fbcdn.net/a.jpg",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/a",
        "https://localhost/a",
        "https://fbcdn.net.example.com/a",
        "https://evilfbcdn.net/a",
        "https://scontent.xx.fbcdn.net:8443/a",
        "https://user@10.0.0.1/a",
        "file:///etc/passwd",
        "//fbcdn.net/a",
        "http://127.0.0.1:1/a",
        "not a url",
        "",
    ],
)
async def test_files_come_from_facebook_only(url: str) -> None:
    """No link in a message leads a request into our network or anywhere else."""
    files = Files("https://graph.facebook.com", 1000, 1.0)
    with pytest.raises(NotFetched):
        await files.fetch(Link(url=url, word="[picture]"))
    await files.close()


async def test_names_that_lead_into_our_network_are_not_followed() -> None:
    """Whatever a name server says, only public addresses are used; a stand-in on this machine is named as such."""
    with pytest.raises(OSError, match="no public address"):
        await PublicOnly("").resolve("localhost")
    assert await PublicOnly("localhost").resolve("localhost")


async def test_redirects_are_checked_too() -> None:
    """A redirect leads no further than the first link could have led, and not round in circles."""

    async def away(request: web.Request) -> web.Response:
        target = "http://127.0.0.1:1/secret" if request.path == "/away" else request.path
        return web.Response(status=302, headers={"Location": target})

    site = Site([web.get("/away", away), web.get("/round", away)])
    await site.start()
    files = Files(site.url, 1000, 2.0)
    for path, words in (("/away", "place of Facebook"), ("/round", "again and again"), ("/none", "404")):
        with pytest.raises(NotFetched, match=words):
            await files.fetch(Link(url=site.url + path, word="[picture]"))
    await files.close()
    await site.stop()


async def test_a_message_never_waits_long_for_a_name(fb: Served) -> None:
    """While Facebook does not answer, messages come in without names, the next ones at once."""
    fb.stand.faults.set(Fault.BLACK_HOLE)
    await fb.stand.write("Ana Costa", "Hello", public=False)
    await fb.arrives()
    asked = len(fb.stand.graph.requests)
    for count in range(5):
        await fb.stand.write(f"Customer {count}", "Hello", public=False)
    assert all(message.sender.name == "" for message in await fb.arrives(6))
    assert len(fb.stand.graph.requests) == asked


async def test_a_name_is_asked_for_once(stand: MetaStand) -> None:
    """Names are remembered, also by the next process."""
    host = RecordingHost("facebook", {})
    for count in range(2):
        async with served(stand, host=host) as fb:
            await stand.write("Ana Costa", "Hello", public=False)
            await stand.write("Ana Costa", "Again", public=False)
            await fb.arrives(2 * count + 2)
    person = stand.world.person("Ana Costa")
    assert [one for one in stand.graph.requests if one.endswith(person.id)] == [f"GET /v26.0/{person.id}"]
    assert {message.sender.name for message in host.delivered} == {"Ana Costa"}
