import json
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.twitter import words
from channels.twitter.parse import direct, event
from channels.twitter.post import post
from channels.twitter.recorded import VIEW, parsed
from channels.twitter.shape import People, Strange, number_at, when

CASES = sorted((Path(__file__).parent / "testdata").glob("*.in.json"))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=6,
)
FIELDS = [
    "id",
    "author_id",
    "text",
    "lang",
    "created_at",
    "conversation_id",
    "entities",
    "referenced_tweets",
    "edit_history_tweet_ids",
    "note_tweet",
    "in_reply_to_user_id",
    "in_reply_to_tweet_id",
    "event_type",
    "sender_id",
    "dm_conversation_id",
    "attachments",
    "payload",
    "filter",
]


@pytest.mark.parametrize("case", CASES, ids=lambda path: path.name.removesuffix(".in.json"))
def test_a_recorded_payload_becomes_what_is_recorded(case: Path) -> None:
    """Every `*.in.json` gives exactly its `*.out.json`."""
    expected = json.loads(
        case.with_name(case.name.replace(".in.json", ".out.json")).read_text(encoding="utf-8")
    )
    assert parsed(case.read_bytes()) == expected


@given(st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_nothing_that_x_could_send_breaks_reading(data: dict[str, object]) -> None:
    """Any JSON is read, left out, or called strange; no other error comes up."""
    for read in (
        lambda: post({"id": "12", "author_id": "34", **data}, People(), VIEW),
        lambda: direct(
            {"event_type": "MessageCreate", "id": "12", "sender_id": "34", **data}, People(), VIEW
        ),
        lambda: event({"event_type": "post.mention.create", **data}, VIEW),
        lambda: event({"event_type": "dm.received", "payload": data}, VIEW),
        lambda: event({"event_type": "chat.received", "payload": data}, VIEW),
    ):
        try:
            read()
        except Strange:
            continue


def test_numbers_carry_their_time() -> None:
    """A number tells when it was given where nothing else does, and the other way round."""
    at = datetime(2026, 11, 2, 9, 0, 0, 123000, tzinfo=UTC)
    assert when(None, str(number_at(at))) == at
    assert when("nonsense", str(number_at(at))) == at
    assert when("2026-11-02T09:00:00.123Z", "1") == at
    assert when(None, "1") is None


@pytest.mark.parametrize(
    ("code", "language"),
    [("en", "en"), ("in", "id"), ("iw", "he"), ("zh-Hans", "zh"), ("und", ""), ("qme", ""), (None, "")],
)
def test_a_language_is_known_or_left_open(code: object, language: str) -> None:
    """X's codes of old are turned into today's; its codes for no language into none."""
    assert words.language(code) == language


def test_a_post_that_only_calls_us_keeps_its_text() -> None:
    """The names before a text go, unless there is nothing else."""
    assert words.said("@a @b: hello @c") == "hello @c"
    assert words.said(".@a hello") == "hello"
    assert words.said("@a @b") == "@a @b"
    assert words.said("a@b.example is my address") == "a@b.example is my address"


def test_the_same_words_are_found_again() -> None:
    """What X adds before a reply, and how it composes letters, makes no difference; other words do."""
    assert words.same("@ana Caf\u00e9 at 15:40", "Cafe\u0301  at 15:40")
    assert not words.same("at 15:40", "at 15:45")
