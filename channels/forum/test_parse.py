import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.forum import html, markup, parse, position
from channels.forum.parse import Event
from channels.forum.recorded import AT, VIEW
from channels.message import Kind

POST = {"id": 5, "topic_id": 6, "user_id": 7, "username": "ana", "raw": "Hello there", "category_id": 7}
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=30),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=200, deadline=None)
@given(st.dictionaries(st.sampled_from([*POST, "version", "name", "created_at", "reply_to_user"]), VALUES))
def test_an_odd_post_is_read_or_shown(changes: dict[str, Any]) -> None:
    """Whatever stands in a post, the result is a message, a reason to drop it, or something unreadable."""
    reading = parse.event(Event.CREATED, POST | changes, VIEW, AT)
    assert reading.message is not None or reading.dropped
    position.known(POST | changes)


@settings(max_examples=200, deadline=None)
@given(st.text(alphabet='[]()!<>/-="quoteupload:\n ab.|', max_size=200))
def test_markup_never_fails(raw: str) -> None:
    """Broken Markdown is shown as it is."""
    text = markup.unquoted(markup.plain(raw, VIEW.base))
    assert len(text) <= markup.LONGEST
    markup.uploads(raw)
    html.text(raw)


def test_long_nonsense_is_read_in_time() -> None:
    """Texts made to keep a reader busy are cut and read."""
    for raw in ("[quote=" * 20_000, "<!--" * 30_000, "![" * 50_000, "[a](upload://" * 9000, "<p>" * 40_000):
        reading = parse.event(Event.CREATED, POST | {"raw": raw}, VIEW, AT)
        assert reading.message is not None
        html.text(raw)


def test_the_mark_says_what_it_was() -> None:
    """A note and an answer are told apart by the mark at the end of a post, and the text comes back as it was."""
    raw = f"{markup.signed('It left.', 'Maria')}\n\n{markup.mark('reply-1', automatic=False)}"
    found = markup.marked(raw)
    assert found is not None
    assert not found.automatic
    assert markup.sent_text(raw) == "It left."
    assert markup.counted(raw) == len("It left.\n\n— Maria")
    note = markup.marked(markup.mark("note-1", automatic=True))
    assert note is not None
    assert note.automatic


def test_names_lead_back_to_posts_and_topics() -> None:
    """What we call a post and a topic can be read back; anything else is nobody's."""
    assert parse.post_of(parse.message_id(VIEW, 17)) == 17
    assert parse.post_of("dc:127.0.0.1:4200:17") == 17
    assert [parse.post_of(name) for name in ("", "x:17", "dc:forum:x", "a@b")] == [0, 0, 0, 0]
    assert [parse.topic_of(name) for name in ("topic/12", "", "topic/", "topic/1x", "post/3")] == [
        12,
        0,
        0,
        0,
        0,
    ]


def test_a_form_may_carry_the_payload() -> None:
    """A body of the form `payload=…` is understood as well as plain JSON."""
    body = b"payload=%7B%22post%22%3A%7B%7D%7D"
    assert parse.body(body, "application/x-www-form-urlencoded") == {"post": {}}
    assert parse.body(json.dumps({"ping": "OK"}).encode(), "application/x-www-form-urlencoded") == {
        "ping": "OK"
    }


def test_an_unreadable_position_begins_anew() -> None:
    """A cursor that is no position of ours is like none."""
    assert position.load("") is None
    assert position.load("4711") is None
    assert position.load("{") is None
    begun = position.start([POST])
    assert position.load(begun.dump()) == begun


def test_an_edit_seen_twice_has_one_key() -> None:
    """Webhook and polling name a change alike; another text or version is another change."""
    changes = [POST, POST | {"raw": "Hello you"}, POST | {"version": 2}, POST | {"reads": 5}]
    keys = [parse.event(Event.EDITED, one, VIEW, AT).message for one in changes]
    assert all(one is not None and one.kind is Kind.EDIT for one in keys)
    assert len({one.key for one in keys if one is not None}) == 3
