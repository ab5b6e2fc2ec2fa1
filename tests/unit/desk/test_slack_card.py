"""What a message shows: within Slack's limits and without danger, whatever a customer wrote."""

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from channels.message import Identity
from router.conversation import Conversation, Promise, Status
from router.desk.slack.card import compose, nudge
from router.desk.slack.client import _named
from router.desk.slack.errors import Down, Gone, Refused, Revoked, Throttled, Unreached
from router.desk.slack.office import Office
from router.desk.slack.risk import digest
from router.desk.slack.sheet import Letter
from router.desk.slack.words import moment, plain
from sandbox.slack.limits import objection
from sandbox.slack.workspace import PING, texts
from tests.support.slack import rules
from tests.support.world import World

NOW = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
#: The one link that a message may have in its words.
OURS = "<https://help.example.com/c/HB-7K2Q9|HB-7K2Q9>"
PIECES = [*"<>&!@#|*_`~\n\r\t\x00\u202e\u200b😀ab ", "<!channel>", "&amp;", "<@U0MARIA>", "]]>"]
NASTY = st.lists(st.sampled_from(PIECES), max_size=30).map("".join)


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    """Return what Slack is given of the world."""
    world = World(tmp_path_factory.mktemp("world"), rules())
    return Office(
        store=world.store,
        events=world.events,
        clock=world.clock,
        ids=world.ids,
        actions=world.actions,
        book=lambda: world.book,
        public_url="https://help.example.com",
        zone="Europe/Berlin",
    )


def case(**fields: object) -> Conversation:
    """Return work of Maria's."""
    made = Conversation(
        id="cv_1", reference="HB-7K2Q9", channel="email", account="support", opened_at=NOW, updated_at=NOW,
        customer="c_1", contact=Identity(kind="email", address="ana@example.org", name="Ana"), queue="general",
        owner="maria", claim="cl_1", accountable="maria", waiting_since=NOW, waiting_on="k1", unanswered=1,
        due_at=NOW + timedelta(hours=4),
    )  # fmt: skip
    return replace(made, **fields)


def letter(about: str = "claim:cl_1", agent: str = "maria", **fields: object) -> Letter:
    """Return a letter to Maria."""
    return replace(Letter(id="sl_1", agent=agent, about=about, at=NOW), **fields)


@settings(max_examples=150, deadline=None)
@given(name=NASTY, subject=NASTY, words=NASTY, flag=NASTY)
def test_nothing_a_customer_writes_gets_out_of_its_place(
    office: Office, name: str, subject: str, words: str, flag: str
) -> None:
    """No text rings, links or breaks a line, and Slack takes every message."""
    one = case(
        contact=Identity(kind="email", address="ana@example.org", name=name * 50),
        subject=subject * 60,
        snippet=words * 60,
        flags=(flag * 200,),
    )
    covers = ("soon:k1", "late:k1", digest(flag * 200))
    for card in (
        compose(one, letter(covers=covers), covers, office),
        compose(replace(one, owner="", claim=""), letter(f"wait:{digest('k1')}"), covers, office),
        compose(replace(one, status=Status.RESOLVED, owner=""), letter(), (), office),
        nudge(one, "maria", covers, office),
    ):
        assert objection(card.text, card.blocks) == ""
        shown = [card.text, *(each["text"] for each in texts(card.blocks))]
        assert not any(PING.search(text) for text in shown)
        assert not any(set("<>") & set(text.replace(OURS, "")) for text in shown)
        assert not any(ord(letter) < 32 and letter != "\n" for text in shown for letter in text)


@pytest.mark.parametrize("most", [1, 2, 5, 6, 10])
def test_no_entity_is_cut_in_two(most: int) -> None:
    """Text is cut between characters as they were written, and stays within its length."""
    found = plain("<<<<<<", most)
    assert len(found) <= most
    assert re.fullmatch(r"(&lt;)*…", found)


def test_times_are_said_with_their_place(office: Office) -> None:
    """The agent's own hours decide the zone; without them it is the service's."""
    assert moment(NOW, ZoneInfo("Europe/Copenhagen")) == "Mon 23 Nov, 12:00 (Copenhagen)"
    assert office.zone_of("maria").key == "Europe/Copenhagen"
    assert office.zone_of("nobody").key == "Europe/Berlin"


@pytest.mark.parametrize(
    ("fields", "about", "said"),
    [
        ({}, "claim:cl_1", "This is yours."),
        ({"status": Status.SNOOZED, "snoozed_until": NOW}, "claim:cl_1", "Yours, set aside until Mon 23 Nov, 12:00"),
        ({"owner": "tom", "claim": "cl_2"}, "claim:cl_1", "Tom Berg has it now."),
        ({"status": Status.PENDING}, "claim:cl_1", "Yours, and answered."),
        ({"claim": "cl_2"}, "claim:cl_1", "yours again."),
        ({"owner": "", "claim": ""}, "claim:cl_1", "back in its queue."),
        ({"owner": "", "claim": "", "status": Status.PENDING}, "claim:cl_1", "answered."),
        ({"owner": "", "claim": "", "status": Status.MERGED}, "claim:cl_1", "joined to another conversation."),
        (
            {"owner": "", "claim": "", "status": Status.HELD},
            f"wait:{digest('k1')}",
            "This is held for review; you are on duty.",
        ),
        ({"owner": "", "accountable": "tom"}, f"wait:{digest('k1')}", "Nobody has this yet; Tom Berg is on duty."),
        ({"owner": "tom", "claim": "x"}, f"wait:{digest('k1')}", "Tom Berg has it now."),
        ({"waiting_on": "k2"}, f"wait:{digest('k1')}", "yours again."),
    ],
)  # fmt: skip
def test_every_outcome_has_its_sentence(
    office: Office, fields: dict[str, object], about: str, said: str
) -> None:
    """Whatever becomes of work, its message says it."""
    card = compose(case(**fields), letter(about), (), office)
    assert any(said in each["text"] for each in texts(card.blocks))


def promised(by: str, **fields: object) -> Conversation:
    """Return work for which somebody has promised a time."""
    made = Promise(at=NOW + timedelta(hours=2), made_at=NOW, by=by, owner=by == "maria")
    return case(promise=made, **fields)


@pytest.mark.parametrize(
    ("one", "given", "asks"),
    [
        (promised("maria"), letter(), True),
        (promised("tom"), letter(), True),
        (promised("maria", owner="", claim="", accountable="maria"), letter(f"wait:{digest('k1')}"), True),
        (promised("tom", owner="ben", claim="cl_2"), letter(f"lead:{digest('k1')}", agent="tom"), True),
        (
            promised("tom", owner="ben", claim="cl_2", accountable="ben"),
            letter(f"lead:{digest('k1')}"),
            False,
        ),
        (promised("maria", status=Status.PENDING), letter(), False),
        (promised("maria", claim="cl_2"), letter(), False),
        (case(), letter(), False),
    ],
)
def test_who_may_say_another_time_is_led_to_where_it_is_said(
    office: Office, one: Conversation, given: Letter, *, asks: bool
) -> None:
    """Whoever promised, has the work, answers for it or leads its queue, while the time runs and is theirs."""
    buttons = {each["action_id"]: each for each in compose(one, given, (), office).blocks[-1]["elements"]}
    assert ("handleby_until" in buttons) is asks
    if asks:
        assert buttons["handleby_until"]["url"] == "https://help.example.com/c/HB-7K2Q9#until"


class Answer:
    """An answer of Slack's as the library hands it on."""

    def __init__(self, status: int, error: str, **headers: str) -> None:
        """Take status, error and headers."""
        self.status_code, self.data, self.headers = status, {"ok": False, "error": error}, headers


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(200, "invalid_auth"), Revoked),
        (Answer(200, "missing_scope"), Revoked),
        (Answer(200, "user_not_found"), Unreached),
        (Answer(200, "message_not_found"), Gone),
        (Answer(200, "ratelimited"), Throttled),
        (Answer(200, "fatal_error"), Down),
        (Answer(503, ""), Down),
        (Answer(200, "invalid_blocks"), Refused),
    ],
)
def test_every_failure_has_its_name(answer: Answer, kind: type) -> None:
    """Slack's 200 with `ok: false` is told apart by its error."""
    assert type(_named(answer)) is kind


def test_how_long_to_wait_is_what_slack_says() -> None:
    """`Retry-After` holds; without it, or with nonsense, half a minute."""
    waits = [_named(Answer(429, "", **{"Retry-After": said})).after_s for said in ("7", "soon", "0")]
    assert waits == [7.0, 30.0, 1.0]
    assert _named(Answer(429, "")).after_s == 30.0
