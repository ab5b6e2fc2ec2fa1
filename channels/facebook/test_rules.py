from contextlib import suppress
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.errors import InDoubt, Misconfigured, NotSent, Refused
from channels.facebook import raw, split
from channels.facebook.adapter import FacebookAdapter
from channels.facebook.found import metadata, sent_by_us
from channels.facebook.raw import Malformed
from channels.facebook.settings import Timing
from channels.facebook.signature import genuine, signed
from channels.facebook.trouble import Said, verdict
from channels.facebook.usage import Usage
from router.testing import RecordingHost
from sandbox.meta.stand import MetaStand

AT = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@given(st.text(max_size=400), st.integers(min_value=5, max_value=60))
def test_splitting_loses_no_word(text: str, most: int) -> None:
    """Every part fits, and together they hold everything but white space."""
    parts = split.parts(text, most)
    assert all(part and split.length(part) <= most for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


def test_a_text_is_cut_where_a_reader_pauses() -> None:
    """Between paragraphs first, then sentences, then words; never through an emoji."""
    assert split.parts("short") == ["short"]
    assert split.parts("One two.\n\nThree four five.", 18) == ["One two.", "Three four five."]
    assert split.parts("One two. Three four five.", 18) == ["One two.", "Three four five."]
    assert split.parts("one two three four", 10) == ["one two", "three four"]
    assert split.parts("👩‍👩‍👧" * 3, 8) == ["👩‍👩‍👧"] * 3
    assert split.parts("", 5) == split.parts(" \n ", 5) == []


@given(st.binary(max_size=60))
def test_whatever_comes_reading_ends(data: bytes) -> None:
    """Bytes are JSON or Malformed, nothing else."""
    with suppress(Malformed):
        raw.decode(data)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (1795168800123, "2026-11-20T10:00:00.123000+00:00"),
        (0, None),
        (-5, None),
        (True, None),
        ("1", None),
        (1e300, None),
    ],
)
def test_times_make_sense_or_are_none(value: object, expected: str | None) -> None:
    """Milliseconds become aware instants; nonsense becomes nothing."""
    found = raw.from_ms(value)
    assert (found.isoformat() if found else None) == expected


def test_a_signature_belongs_to_bytes_and_secret() -> None:
    """Either being another, it does not fit."""
    assert genuine("s", b"body", signed("s", b"body"))
    assert not genuine("t", b"body", signed("s", b"body"))
    assert not genuine("s", b"bodY", signed("s", b"body"))


@pytest.mark.parametrize("data", ["", "hb1:", "hb1::0", "hb1:x", "hb1:x:y", "other:x:0", "x"])
def test_foreign_metadata_is_not_ours(data: str) -> None:
    """Only what we wrote names something that we sent."""
    assert sent_by_us(data) is None
    assert sent_by_us(metadata("n_1:2", 3)) == ("n_1:2", 3)


def test_load_slows_us_down_before_the_limit() -> None:
    """Headers tell the load; from 75 per cent we pause, from 90 we leave out what nobody waits for."""
    usage = Usage(Timing())
    usage.saw(
        {"X-App-Usage": '{"call_count":10,"total_time":80}', "X-Business-Use-Case-Usage": "nonsense"}, AT
    )
    assert (usage.load, usage.busy(AT)) == (80.0, False)
    assert 0 < usage.pause_s < 1
    usage.saw(
        {"X-Business-Use-Case-Usage": '{"1":[{"call_count":95,"estimated_time_to_regain_access":0}]}'}, AT
    )
    assert usage.busy(AT)
    assert not usage.busy(AT + timedelta(minutes=2))
    usage.saw(
        {"X-Business-Use-Case-Usage": '{"1":[{"call_count":100,"estimated_time_to_regain_access":9}]}'}, AT
    )
    assert usage.wait_s(AT) == 540
    usage.saw({}, AT)
    assert usage.load == 100.0


def test_pauses_double_until_we_are_let_in() -> None:
    """Without a time from Facebook each refusal doubles the pause."""
    usage = Usage(Timing(throttled_s=2.0, throttled_longest_s=5.0))
    waits = [usage.throttled(AT) for _ in range(3)]
    usage.worked()
    assert waits == [2.0, 4.0, 5.0]
    assert usage.throttled(AT + timedelta(hours=1)) == 2.0


@pytest.mark.parametrize(
    ("status", "code", "subcode", "kind", "words"),
    [
        (400, 10, 2018278, Refused, "window"),
        (400, 10, 1893063, NotSent, "Page Quality"),
        (400, 10, 2018300, Refused, "Another app"),
        (400, 10, 0, Refused, "permission"),
        (403, 230, 0, Refused, "permission"),
        (400, 100, 1893061, Refused, "App Review"),
        (400, 100, 2018001, Refused, "does not know"),
        (400, 100, 33, Refused, "gone"),
        (400, 100, 7, Refused, "refuses it"),
        (401, 190, 460, NotSent, "page_token"),
        (400, 368, 0, NotSent, "spam"),
        (400, 551, 1545041, Refused, "cannot be reached"),
        (400, 4, 0, NotSent, "less often"),
        (400, 32, 0, NotSent, "less often"),
        (400, 613, 0, NotSent, "less often"),
        (429, 0, 0, NotSent, "less often"),
        (400, 1200, 0, InDoubt, "half-way"),
        (500, 2, 0, InDoubt, "half-way"),
        (503, 0, 0, InDoubt, "half-way"),
        (400, 0, 0, Refused, "refuses it"),
    ],
)
def test_each_code_has_its_meaning(
    status: int, code: int, subcode: int, kind: type[Exception], words: str
) -> None:
    """Every documented code is sent again, refused with what to do, or in doubt."""
    found = verdict(Said(status, {"code": code, "error_subcode": subcode, "message": "No"}), 60.0, 5.0)
    assert isinstance(found.error, kind)
    assert words in str(found.error)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("page_id", "my page"),
        ("app_id", ""),
        ("app_secret", ""),
        ("page_token", " "),
        ("verify_token", ""),
        ("version", "26"),
        ("api", "http://graph.example.com"),
    ],
)
def test_settings_that_cannot_work_are_named(key: str, value: str) -> None:
    """Opening the account says which setting is wrong."""
    host = RecordingHost(
        "facebook", {**MetaStand().settings(), "api": "https://graph.facebook.com", key: value}
    )
    with pytest.raises(Misconfigured, match=rf"channels\.facebook\.test\.{key}"):
        FacebookAdapter().open(host)
