from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import pytest

from rules.evaluate import Rulebook, evaluate
from rules.examples import facts_in
from rules.load import RulesError, check, load, read, shipped_text
from rules.schema import render

HERE = Path(__file__).parent
SMALL = "version: 1\nagents: {ann: {name: Ann, queues: [help]}}\nqueues: {help: {duty: ann}}\n"
Problems = Callable[[str], list[str]]


def test_the_shipped_rules_hold_the_six_targets() -> None:
    """Email and forum a day, Facebook two hours, X one, phone five minutes, chat at once."""
    book = load(None, channels=["email", "webchat"])
    targets = {name: policy.target_s for name, policy in book.channels.items()}
    assert targets == {
        "email": 86400,
        "forum": 86400,
        "facebook": 7200,
        "twitter": 3600,
        "phone": 300,
        "webchat": 60,
    }
    useful = {name: policy.note_useful_for_s for name, policy in book.channels.items()}
    assert useful == {
        "email": 21600,
        "forum": 21600,
        "facebook": 1800,
        "twitter": 1800,
        "phone": 300,
        "webchat": 120,
    }


def test_the_shipped_examples_come_out_as_expected() -> None:
    """The shipped rules have no mistakes, no warnings, and their examples hold."""
    assert check(None, channels=[]) == []


def test_the_sample_team_is_marked() -> None:
    """Without a file there is a team for a first look, at work at any hour."""
    book = load(None, channels=[])
    assert book.sample
    assert set(book.people) == {"maria", "tom", "ines"}
    assert set(book.queues) == {"general", "billing", "triage"}
    night = facts_in(book, {"channel": "email", "at": "2026-12-25 03:00"}).now
    assert all(book.calendar(person.hours).is_open(night) for person in book.people.values())


def test_the_shipped_text_can_be_taken_for_a_start(tmp_path: Path) -> None:
    """Saved as a file, the shipped rules load without complaint and decide the same."""
    path = tmp_path / "rules.yaml"
    path.write_text(shipped_text(), encoding="utf-8")
    own, shipped = load(path, channels=[]), load(None, channels=[])
    assert (own.sample, own.version) == (False, shipped.version)
    assert [rule.says for rule in own.rules] == [rule.says for rule in shipped.rules]
    assert check(path, channels=[]) == []


def test_a_file_inherits_channels_and_rules() -> None:
    """What a file does not say about a channel is as shipped, and the shipped rules come first."""
    book = read(f"{SMALL}channels: {{email: {{target: 2d}}}}\n", source="f", channels=[])
    email, phone = book.policy("email"), book.policy("phone")
    assert (email.target_s, email.note_useful_for_s, phone.target_s) == (172800, 21600, 300)
    assert email.queue == "help"
    verdict = evaluate(book, facts_in(book, {"channel": "phone", "text": "my lawyer"}))
    assert (verdict.tone, verdict.priority) == ("none", "high")
    assert "shipped rule 'Sensitive matters" in verdict.explanation[0]


def test_shipped_rules_can_be_replaced_or_left_out() -> None:
    """A rule of the same name takes the place of a shipped one; `shipped_rules: false` removes all."""
    own = "rules: [{name: Upset customers get a sober note, when: {upset: true}, then: {priority: high}}]\n"
    replaced = read(SMALL + own, source="f", channels=[])
    assert [rule.name for rule in replaced.rules].count("Upset customers get a sober note") == 1
    assert len(replaced.rules) == 2
    assert read(f"{SMALL}shipped_rules: false\n", source="f", channels=[]).rules == ()


def test_triage_always_exists() -> None:
    """A file without triage gets one with the duty of its first queue."""
    book = read(SMALL, source="f", channels=[])
    assert book.queue("triage").duty == ("ann",)


def test_installed_channels_need_no_entry() -> None:
    """A channel that was added later works at once, with a day's target."""
    book = read(
        f"{SMALL}rules: [{{name: r, when: {{channel: telex}}, then: {{priority: low}}}}]",
        source="f",
        channels=["telex"],
    )
    assert (book.policy("telex").target_s, book.policy("telex").queue) == (86400, "help")


def test_every_mistake_is_reported_at_once() -> None:
    """Forty mistakes in one file are reported together, in order, each with place and remedy."""
    name = "mistakes.yaml"
    with pytest.raises(RulesError) as caught:
        read((HERE / name).read_text(encoding="utf-8"), source=name, channels=[])
    expected = (HERE / "mistakes.txt").read_text(encoding="utf-8")
    assert str(caught.value) + "\n" == expected


@pytest.mark.parametrize(
    "text", ["", "# nothing\n", "- a\n", "text", "version: 1\n", "version: 1\nagents: {}\nqueues: ~\n"]
)
def test_files_without_people_are_refused(text: str) -> None:
    """An empty or unfinished file says what it needs."""
    with pytest.raises(RulesError) as caught:
        read(text, source="f", channels=[])
    assert "f:1:1: " in str(caught.value) or "f:2:9: " in str(caught.value)


def test_a_missing_file_names_itself(tmp_path: Path) -> None:
    """A file that is not there, or is not text, is a problem of that file."""
    assert "cannot be read" in check(tmp_path / "none.yaml", channels=[])[0].text
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"version: 1 # \xe6")
    assert "not UTF-8" in check(path, channels=[])[0].text


@pytest.mark.parametrize(
    ("rules", "part"),
    [
        (
            ["{name: a, then: {priority: low}}", "{name: b, when: {channel: email}, then: {priority: low}}"],
            "never reached: 'a' before it holds for every message",
        ),
        (
            [
                "{name: a, when: {channel: email, text: x}, then: {priority: low}}",
                "{name: b, when: {all: [{text: X}, {channel: email}]}, then: {priority: high}}",
            ],
            "never reached: 'a' before it has the same condition",
        ),
        (
            ["{name: a, when: {channel: email}, then: {queue: general, skills: [legal], language: de}}"],
            "nobody in general has the skill legal and the language de",
        ),
        (["{name: a, when: {channel: email}, then: {language: fr}}"], "nobody has the language fr"),
    ],
)
def test_warnings(problems: Problems, rules: list[str], part: str) -> None:
    """What works but is hardly meant is a warning; the file loads."""
    [found] = problems(f"rules: [{', '.join(rules)}]\n")
    assert "warning: " in found
    assert part in found


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("rules: [{name: a, then: {}}]", "the rule decides nothing"),
        ("rules: [{name: a, then: {hold: maybe}}]", "write true or false"),
        ("rules: [{name: a, then: {target: 100d}}]", "from 1s to 90d"),
        ("rules: {name: a}", "a list is needed here"),
        ("channels: {email: {capacity: 3}}", "a channel has no field 'capacity'"),
        ("shipped_rules: no", "write true or false here, not 'no'"),
        ("examples: [{message: {channel: email, at: noon}, expect: {}}]", "not a time"),
    ],
)
def test_mistakes(problems: Problems, text: str, part: str) -> None:
    """A mistake is explained."""
    assert any(part in problem for problem in problems(f"{text}\n"))


@pytest.mark.parametrize(
    ("section", "part"),
    [
        ("hours: {always: {timezone: UTC, open: {daily: '08:00-09:00'}}}", "'always' means day and night already"),
        ("hours: {x: {timezone: UTC, open: {}, closed: 2099-01-02, also_open: {2099-01-02: '1:00-2:00'}}}", "one of"),
        ("hours: {x: {timezone: UTC, open: {mon: ['08:00-10:00', '09:00-11:00']}}}", "overlap"),
        ("hours: {x: {timezone: UTC, open: {mon: '08:00-10:00'}, holidays: [XX]}}", "no holidays for 'XX'"),
        ("hours: {x: {timezone: UTC, open: {mon: '08:00-10:00'}, holidays: DE-QQ}}", "has no region 'QQ'"),
        ("hours: {x: {timezone: Mars/Base, open: 8-16}}", "opening times by weekday"),
        ("hours: {'a|b': {timezone: UTC, open: {mon: '08:00-10:00'}}}", "cannot be a name"),
    ],
)  # fmt: skip
def test_mistakes_in_hours(section: str, part: str) -> None:
    """Hours that contradict themselves, or cannot be, are explained."""
    try:
        found = read(f"{SMALL}{section}\n", source="f", channels=[]).warnings
    except RulesError as error:
        found = tuple(error.problems)
    assert any(part in problem.text for problem in found), found


def test_two_agents_cannot_share_an_address() -> None:
    """Accounts are linked by address, so each agent has their own."""
    text = SMALL.replace(
        "queues: [help]}",
        "queues: [help], email: a@example.com}, bo: {name: Bo, queues: [help], email: A@example.com}",
    )
    with pytest.raises(RulesError, match="two agents have the address"):
        read(text, source="f", channels=[])


def test_the_schema_is_current() -> None:
    """`rules/schema.json` is what the description of the file says; else run `python -m rules.schema`."""
    shipped = Path(load.__code__.co_filename).with_name("schema.json")
    assert shipped.read_text(encoding="utf-8") == render()


def test_values_of_people(book: Callable[[str], Rulebook]) -> None:
    """Agents come out as written, numbers without quotes and single values included."""
    text = SMALL.replace(
        "name: Ann", "name: Ann, phone: +45 12 34 56 78, capacity: {webchat: 3}, languages: EN"
    )
    ann = read(text, source="f", channels=[]).people["ann"]
    assert (ann.phone, ann.languages, ann.queues) == ("+4512345678", ("en",), ("help",))
    assert (ann.capacity_for("webchat"), ann.capacity_for("email"), ann.hours) == (3, 20, "always")


def test_extra_openings_of_a_file_are_open() -> None:
    """`also_open` opens on a Sunday, `closed` closes a weekday, and holidays of the country are closed."""
    hours = (
        "hours: {x: {timezone: Europe/Copenhagen, open: {mon-fri: '08:00-16:00'}, holidays: DK, "
        "closed: [2026-12-28], also_open: {2026-12-27: '10:00-14:00', 2026-12-25: ['10:00-11:00']}}}\n"
    )
    office = read(SMALL + hours, source="f", channels=[]).calendar("x")
    days = ["2026-12-23", "2026-12-25", "2026-12-27", "2026-12-28", "2026-12-29"]
    times = [datetime.fromisoformat(f"{day}T{hour}:30+01:00") for day in days for hour in (10, 15)]
    assert [office.is_open(time) for time in times] == [
        True,
        True,
        True,
        False,
        True,
        False,
        False,
        False,
        True,
        True,
    ]
