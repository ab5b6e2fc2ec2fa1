from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from channels.message import Identity, Kind, Message
from router.conversation import Conversation, NoteKind, Promise, Status
from router.note import MOST_NOTES, Case, Request, compose, objection, reply_subject
from rules.model import Person
from rules.wording import Wording, WordingError

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
ANA = Identity(kind="email", address="ana@example.org", name="Ana Pereira")
MARIA = Person(id="maria", name="Maria Jensen", languages=("da", "en"))
MESSAGE = Message(key="smtp:1", channel="email", account="support", received_at=NOW, sender=ANA)
OPEN = Conversation(
    id="cv_1",
    reference="HB-7K2Q9",
    channel="email",
    account="support",
    opened_at=NOW,
    updated_at=NOW,
    customer="cu_1",
    contact=ANA,
    queue="general",
    accountable="maria",
    waiting_since=NOW,
    waiting_on="smtp:1",
)


def case(**given: Any) -> Case:
    """Return a case in which a note may go."""
    base = {
        "message": MESSAGE,
        "conversation": OPEN,
        "tone": "plain",
        "acknowledge": "when_waiting",
        "note_useful_for_s": 21600.0,
        "notes_sent": 0,
        "own": False,
        "now": NOW + timedelta(seconds=1),
    }
    return Case(**(base | given))


def test_a_plain_case() -> None:
    """A customer's message that waits gets a note."""
    assert objection(case()) == ""


MADE = Promise(at=NOW + timedelta(hours=1), made_at=NOW, by="maria", owner=True)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        *(({"message": replace(MESSAGE, kind=kind)}, "") for kind in Kind if kind is not Kind.CUSTOMER),
        ({"message": replace(MESSAGE, kind=Kind.MACHINE)}, "a program wrote"),
        ({"message": replace(MESSAGE, no_note="List-Id header")}, "List-Id header"),
        ({"message": replace(MESSAGE, doubtful="DMARC failed")}, "may not be who they seem: DMARC failed"),
        ({"own": True}, "our own addresses"),
        ({"conversation": replace(OPEN, status=Status.HELD)}, "held for review"),
        ({"conversation": replace(OPEN, kind="unreadable")}, "unreadable"),
        ({"conversation": replace(OPEN, waiting_since=None)}, "nobody waits"),
        ({"conversation": replace(OPEN, promise=MADE)}, "promised in this wait already"),
        ({"tone": "none"}, "a person's words"),
        ({"acknowledge": "never"}, "never acknowledge"),
        ({"answer_expected_s": 30.0}, "an answer is expected within 30 s"),
        ({"now": NOW + timedelta(hours=7)}, "the message is 7 h old, and a note is of use for 6 h"),
        ({"now": NOW + timedelta(minutes=3), "note_useful_for_s": 120.0}, "3 min old"),
        ({"loop": True}, "answering each other"),
        ({"notes_sent": MOST_NOTES}, "3 automatic notes went to this sender in 24 hours already"),
        ({"paused": True}, "notes are paused"),
    ],
)
def test_objections(given: dict[str, Any], reason: str) -> None:
    """Whatever forbids a note is said in a sentence for the desk."""
    found = objection(case(**given))
    assert found.startswith("The customer hears nothing, because ")
    assert found.endswith(".")
    assert reason in found


def test_always_acknowledge() -> None:
    """With `always` a note goes although an answer is near; with `when_waiting` also when none is near."""
    assert objection(case(acknowledge="always", answer_expected_s=5.0)) == ""
    assert objection(case(answer_expected_s=61.0)) == ""
    assert objection(case(notes_sent=MOST_NOTES - 1)) == ""


def test_an_ended_promise_does_not_object() -> None:
    """A promise of an earlier wait is no reason for silence."""
    kept = replace(MADE, state="kept")
    assert objection(case(conversation=replace(OPEN, promise=kept))) == ""


WORDING = Wording.load()


def request(**given: Any) -> Request:
    """Return a request for Maria's first note to Ana."""
    base = {
        "kind": NoteKind.FIRST,
        "id": "n_1",
        "person": MARIA,
        "owner": True,
        "customer": "Ana Pereira",
        "promise_at": NOW + timedelta(hours=3, minutes=40),
        "now": NOW,
        "zone": ZoneInfo("Europe/Copenhagen"),
        "language": "en",
        "reference": "HB-7K2Q9",
        "subject": "My order",
    }
    return Request(**(base | given))


def test_compose() -> None:
    """A note has a text with person, time and reference, a subject, and the customer's language."""
    words = compose(WORDING, request())
    assert words.language == "en"
    assert words.subject == "Re: My order"
    assert "Maria" in words.text
    assert "by 15:40 today (Copenhagen time)" in words.text
    assert words.text.endswith("Maria Jensen\nHB-7K2Q9")


@pytest.mark.parametrize(
    ("given", "language"),
    [
        ({"language": "da"}, "da"),
        ({"language": ""}, "en"),
        ({"language": "sv", "fallbacks": ("", "de", "da")}, "de"),
        ({"language": "sv", "fallbacks": ("no",)}, "en"),
    ],
)
def test_language(given: dict[str, Any], language: str) -> None:
    """The first wanted language that there are texts in is used, English at last."""
    assert compose(WORDING, request(**given)).language == language


def test_language_of_the_answer() -> None:
    """When the person does not speak the note's language, it says in which one the answer comes."""
    assert "Die Antwort kommt auf Dänisch" in compose(WORDING, request(language="de")).text
    colleagues = request(language="de", answer_languages=("de", "en"), owner=False)
    assert "Die Antwort kommt" not in compose(WORDING, colleagues).text
    anybody = request(language="de", person=replace(MARIA, languages=()))
    assert "Die Antwort kommt" not in compose(WORDING, anybody).text


def test_voices() -> None:
    """The duty person names who else may answer; the owner speaks for themselves."""
    assert ", from me or Tom Berg" in compose(WORDING, request(owner=False, others=("Tom Berg",))).text
    assert "Tom Berg" not in compose(WORDING, request(owner=True, others=("Tom Berg",))).text


def test_no_words() -> None:
    """What cannot be worded honestly raises, so that a person is asked instead."""
    with pytest.raises(WordingError, match="needs a time"):
        compose(WORDING, request(promise_at=None))


@pytest.mark.parametrize(
    ("subject", "expected"),
    [
        ("My order", "Re: My order"),
        ("Re: My order", "Re: My order"),
        ("RE: AW: Sv: Re[2]: My order", "Re: My order"),
        ("Réf: 12", "Re: Réf: 12"),
        ("Regarding: my order", "Re: Regarding: my order"),
        ("", ""),
        ("Re:", ""),
        ("a\r\nBcc: x@example.com", "Re: a Bcc: x@example.com"),
        ("\u202egnitrever", "Re: gnitrever"),
        ("x" * 500, "Re: " + "x" * 200),
    ],
)
def test_subject(subject: str, expected: str) -> None:
    """The subject gets one `Re:`, whatever was before it, and cannot break a header."""
    assert reply_subject(subject) == expected
