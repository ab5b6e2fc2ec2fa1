"""The words around a kept promise: sorry, missed, asked, linked, in one's own voice, and always the same time."""

import re
from datetime import UTC, datetime, timedelta
from itertools import product
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.fit import fit
from rules.load import read
from rules.problems import RulesError
from rules.texts import BY_KIND, KINDS, STYLES, TONES, VOICES
from rules.wording import Wording, WordRequest

ZONE = ZoneInfo("Europe/Copenhagen")
WORDING = Wording.load()
#: A kind that two customers beside each other may both be sent.
SEVERAL = ("first", "late", "renewal", "missed", "inherited", "introduction", "added", "followup")
PROMISING = tuple(kind for kind in KINDS if "time" in BY_KIND[kind])
LINK = "https://help.example.com/t/AbC-123"


def at(text: str) -> datetime:
    """Return a Copenhagen time of November 2026: `23 15:40`."""
    return datetime.fromisoformat(f"2026-11-{text.replace(' ', 'T')}").replace(tzinfo=ZONE).astimezone(UTC)


def request(**more: Any) -> WordRequest:
    """Return a request for a note of Maria's on Monday at noon."""
    base: dict[str, Any] = {
        "id": "n_1",
        "kind": "first",
        "person": "Maria Jensen",
        "agent": "maria",
        "owner": True,
        "zone": ZONE,
        "now": at("23 12:00"),
        "at": at("23 17:30"),
        "customer": "Ana Pereira",
    }
    if more.get("kind") in {"renewal", "missed", "inherited"}:
        base["previous_at"] = at("23 15:40")
    if more.get("kind") == "incident":
        base["what"] = "HB 12."
    return WordRequest(**(base | more))


def said(wording: Wording = WORDING, **more: Any) -> set[str]:
    """Return every variant that such a note may have."""
    return {wording.word(request(**more, id=f"n_{number}")).text for number in range(20)}


@pytest.mark.parametrize("language", WORDING.languages)
def test_two_customers_beside_each_other_read_different_sentences(language: str) -> None:
    """What is read has two variants or more for each voice, style and tone; a call is heard by one."""
    notes = WORDING.texts(language).notes
    read_ones = [style for style in STYLES if style != "spoken"]
    single = [slot for slot in product(SEVERAL, VOICES, read_ones, TONES) if len(set(notes[slot])) < 2]
    assert single == []


# --- sorry --------------------------------------------------------------------------------------

SORRY = {
    "en": "I'm sorry",
    "da": "beklager",
    "de": "tut mir leid",
    "fr": ("Je regrette", "excuser"),
    "es": ("Siento", "disculpas"),
    "ru": ("Прошу прощения", "Мне жаль", "Простите"),
}


@pytest.mark.parametrize("language", WORDING.languages)
def test_who_waited_too_long_reads_an_apology_first(language: str) -> None:
    """In each language the first line of the first note says sorry, in either voice and wherever it is read."""
    words = SORRY[language]
    for owner, style in product((True, False), STYLES):
        for text in said(language=language, owner=owner, style=style, late_s=7200):
            first = re.split(r"(?<!kl)\. (?=\w)|[;»]", text.split("\n", 1)[0])[:2]
            assert any(word in " ".join(first) for word in ((words,) if isinstance(words, str) else words))


def test_who_did_not_wait_reads_none() -> None:
    """Without a delay the first note is the usual one, and so is the second message's."""
    assert not any("sorry" in text for text in said(late_s=0))
    assert not any("sorry" in text for text in said(kind="added", late_s=7200))


def test_a_chat_apologises_only_when_really_late() -> None:
    """Two minutes in a chat are no reason to grovel; six are; a mail that is late at all is."""
    assert not any("sorry" in text for text in said(style="chat", late_s=120))
    assert all("sorry" in text for text in said(style="chat", late_s=360))
    assert all("sorry" in text for text in said(style="mail", late_s=120))


def test_missed_is_not_called_near() -> None:
    """After the time has passed the note says so; before, it says that the time cannot be kept."""
    missed, near = said(kind="missed"), said(kind="renewal")
    assert (
        "Hi Ana, I said 15:40 and I missed it. That's my mistake, and I'm sorry. You'll have my answer by 17:30 "
        "today (Copenhagen time).\n\nMaria Jensen"
    ) in missed
    assert not missed & near


# --- the fact, the link, the page ---------------------------------------------------------------


def test_the_missing_fact_is_asked_for_where_nobody_else_reads_it() -> None:
    """In mail and chat; never in public, never in a call."""
    asked = {
        style: "order number" in WORDING.word(request(style=style, ask="order")).text for style in STYLES
    }
    assert asked == {"mail": True, "chat": True, "public": False, "spoken": False}


@pytest.mark.parametrize("language", WORDING.languages)
def test_the_link_stands_in_a_paragraph_of_its_own(language: str) -> None:
    """Between the note and the signature; the sentence is the language's, and the linter lets the note pass."""
    text = WORDING.word(request(language=language, link=LINK)).text
    _, sentence, signature = text.split("\n\n")
    assert sentence.endswith(f": {LINK}")
    assert signature == "Maria Jensen"


def test_links_stay_out_of_public_and_calls() -> None:
    """Whatever is asked for, a post and a call carry none; nor does an incident update, which asks for nothing."""
    for kind, style in product(KINDS, STYLES):
        text = WORDING.word(request(kind=kind, style=style, link=LINK)).text
        assert (LINK in text) == (style in {"mail", "chat"} and kind != "incident"), (kind, style)


def test_a_followup_asks_with_its_own_sentence() -> None:
    """Where nothing is promised any more, nobody is asked whether it can wait."""
    text = WORDING.word(request(kind="followup", at=None, link=LINK)).text
    assert "One tap is enough to tell me" in text
    assert "can wait" not in text


@pytest.mark.parametrize("language", WORDING.languages)
def test_the_page_speaks_the_language(language: str) -> None:
    """Every text is there in both forms of address, and those with a time or a name can be filled in."""
    time = WORDING.say_time(at("23 17:30"), at("23 12:00"), ZONE, language)
    for formal in (True, False):
        words = WORDING.page(language, formal=formal)
        texts = [
            getattr(words, name).format(time=time, first_name="Maria") for name in words.__struct_fields__
        ]
        assert all(texts)
        assert not any(mark in text for text in texts for mark in "{}[]|")
        assert time in words.greeting.format(time=time, first_name="Maria")
        assert time in words.pick_done.format(time=time)
    same = WORDING.page(language) == WORDING.page(language, formal=False)
    assert same == (language in {"en", "da"})


def test_a_page_in_a_language_without_texts_is_english() -> None:
    """A customer who reads something else still gets a page."""
    assert WORDING.page("pl") == WORDING.page("en")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("page: {later: ''}", "2:15: the text is empty; write one"),
        ("page: {greeting: 'Hello {first_name}'}", "2:18: {time} must stand in it, outside [ ]"),
        ("page: {latr: Tomorrow}", "2:8: page has no 'latr'; did you mean 'later'?"),
        ("page: {over: 'We closed this link.'}", "2:14: 'We' speaks as a group"),
        ("link: {mail: 'Tell me.'}", "{link} must stand in it, outside [ ]"),
        ("link: {public: '{link}'}", "2:8: 'public' is not known here"),
    ],
)
def test_mistakes_in_own_sentences_are_told(tmp_path: Path, text: str, told: str) -> None:
    """What is missing, unknown or refused is named with its place."""
    (tmp_path / "en.yaml").write_text(f"version: 1\n{text}\n", encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        Wording.load(tmp_path)
    assert told in str(caught.value)


# --- voices -------------------------------------------------------------------------------------

VOICE = """
version: 1
voices:
  maria:
    notes:
      first:
        owner:
          mail:
            plain: "Dear[ {customer_first}], it is {first_name}, and I'll answer {time}."
    signature: {mail: "Best, {first_name}"}
"""


@pytest.fixture
def voiced(tmp_path: Path) -> Wording:
    """Return the texts with a voice of Maria's."""
    (tmp_path / "en.yaml").write_text(VOICE, encoding="utf-8")
    return Wording.load(tmp_path)


def test_an_agent_speaks_in_their_own_words(voiced: Wording) -> None:
    """Her texts and signature take the place of everybody's; what she does not have she says as everybody does."""
    mail = "Dear Ana, it is Maria, and I'll answer by 17:30 today (Copenhagen time).\n\nBest, Maria"
    assert said(voiced) == {mail}
    assert said(voiced, style="chat") == said(style="chat")
    assert said(voiced, tone="sober") == {
        text.replace("\n\nMaria Jensen", "\n\nBest, Maria") for text in said(tone="sober")
    }
    assert said(voiced, person="Tom Berg", agent="tom") == said(person="Tom Berg", agent="tom")


def test_own_words_are_disclosed_too(voiced: Wording) -> None:
    """Where notes must say that they are automatic, hers do."""
    (text,) = said(voiced, disclose=True)
    assert "This note went out automatically in my name" in text


def test_own_words_are_held_by_the_linter(tmp_path: Path) -> None:
    """A voice that says we, or forgets the time, is refused where it stands."""
    bad = VOICE.replace("I'll answer {time}", "we answer soon")
    (tmp_path / "en.yaml").write_text(bad, encoding="utf-8")
    with pytest.raises(RulesError) as caught:
        Wording.load(tmp_path)
    assert "en.yaml:9:20: " in str(caught.value)
    assert "'we' speaks as a group" in str(caught.value)


# --- rules and words together -------------------------------------------------------------------

TEAM = """
version: 1
agents: {maria: {name: Maria, queues: [general]}, tom: {name: Tom, queues: [general]}}
queues: {general: {duty: maria}}
shipped_rules: false
"""


def misfits(rules: str, wording: Wording = WORDING) -> list[str]:
    """Return what does not fit together between rules and texts."""
    return [str(one) for one in fit(read(TEAM + rules, source="f", channels=[]), wording)]


def test_a_rule_that_asks_in_vain_is_told() -> None:
    """A fact without words is named with what could be meant; one with words is fine."""
    rule = "rules: [{name: Parcels, when: {text: {contains_any: [parcel]}}, then: {ask: %s}}]\n"
    assert misfits(rule % "order") == []
    (told,) = misfits(rule % "ordr")
    assert told.startswith("f:6:9: 'Parcels' asks in vain: no text asks for 'ordr'; did you mean 'order'?")


def test_a_fact_that_some_languages_lack_is_a_warning(tmp_path: Path) -> None:
    """English has the words, the others not yet: the rule works, and the notes there go without."""
    (tmp_path / "en.yaml").write_text(
        "version: 1\nasks: {serial: Send me the serial number.}\n", encoding="utf-8"
    )
    rule = "rules: [{name: Lamps, then: {ask: serial}}]\n"
    (told,) = misfits(rule, Wording.load(tmp_path))
    assert "warning: 'Lamps' asks in vain: 'serial' is not asked for in da, ru, de, fr, es" in told


def test_a_voice_of_nobody_is_a_warning(tmp_path: Path) -> None:
    """Somebody left, or the id is misspelt: the texts work, and nobody speaks them."""
    (tmp_path / "en.yaml").write_text(VOICE.replace("maria:", "mari:"), encoding="utf-8")
    (told,) = misfits("", Wording.load(tmp_path))
    assert told.endswith("en.yaml:4:3: warning: no agent is called 'mari'; did you mean 'maria'?")


# --- the time in the text -----------------------------------------------------------------------

#: How each language writes a clock: hours, and minutes unless it is a full hour.
CLOCKS = {
    "en": r"\bby (\d{2}):(\d{2})\b",
    "da": r"\bkl\. (\d{2})\.(\d{2})\b",
    "de": r"\bbis (\d{1,2})(?::(\d{2}))? Uhr\b",
    "fr": r"\bavant (\d{1,2}) h(?: (\d{2}))?",
    "es": r"\bantes de las (\d{1,2}):(\d{2})\b",
    "ru": r"\bдо (\d{2}):(\d{2})\b",
}


@given(
    st.sampled_from(PROMISING),
    st.sampled_from(STYLES),
    st.sampled_from(WORDING.languages),
    st.booleans(),
    st.integers(1, 14 * 1440),
    st.sampled_from(["Europe/Copenhagen", "America/New_York", "Asia/Almaty"]),
)
@settings(max_examples=400, deadline=None)
def test_the_text_says_the_promised_minute(
    kind: str,
    style: str,
    language: str,
    owner: bool,  # noqa: FBT001  # hypothesis gives arguments by place
    minutes: int,
    zone: str,
) -> None:
    """In every kind, style and language the clock that a reader finds in the note is the promise, to the minute."""
    now, place = at("23 20:17"), ZoneInfo(zone)
    promised = now + timedelta(minutes=minutes)
    before = now - timedelta(hours=1)
    more = {"previous_at": before} if kind in {"renewal", "missed", "inherited"} else {}
    worded = WORDING.word(
        request(
            kind=kind, style=style, language=language, owner=owner, now=now, at=promised, zone=place, **more
        )
    )
    found = re.findall(CLOCKS[language], worded.time)
    local = promised.astimezone(place)
    assert [(int(hour), int(minute or 0)) for hour, minute in found] == [(local.hour, local.minute)]
    assert worded.text.count(worded.time) == 1
    said_date = str(local.day) in re.sub(CLOCKS[language], "", worded.time)
    assert said_date == (not any(word in worded.time for word in NEAR[language]))


#: What each language says instead of a date.
NEAR = {
    "en": ("today", "tomorrow"),
    "da": ("i dag", "i morgen"),
    "de": ("heute", "morgen"),
    "fr": ("aujourd'hui", "demain"),
    "es": ("hoy", "mañana"),
    "ru": ("сегодня", "завтра"),
}
TUESDAY = {
    "en": "Tuesday",
    "da": "tirsdag",
    "de": "Dienstag",
    "fr": "mardi",
    "es": "martes",
    "ru": "во вторник",
}


@pytest.mark.parametrize("language", WORDING.languages)
@pytest.mark.parametrize("hour", ["00:10", "02:30", "03:59"])
def test_after_midnight_the_weekday_is_said(language: str, hour: str) -> None:
    """Between 00:00 and 04:00 a time later that day has its weekday and date, in every kind and style."""
    for kind, style in product(PROMISING, STYLES):
        worded = WORDING.word(
            request(kind=kind, style=style, language=language, now=at(f"24 {hour}"), at=at("24 10:00"))
        )
        assert TUESDAY[language] in worded.time
        assert "24" in worded.time
        assert not any(word in worded.time for word in NEAR[language])


@pytest.mark.parametrize("language", WORDING.languages)
def test_from_four_on_it_is_today(language: str) -> None:
    """Who is up at five knows which day it is."""
    for kind in PROMISING:
        time = WORDING.word(request(kind=kind, language=language, now=at("24 04:00"), at=at("24 10:00"))).time
        assert NEAR[language][0] in time
