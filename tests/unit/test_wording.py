from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.texts import KINDS, STYLES, TONES
from rules.wording import Wording, WordingError, WordRequest

ZONE = ZoneInfo("Europe/Copenhagen")
WORDING = Wording.load()
MARIA = {"person": "Maria Jensen", "owner": True}
TOM = {"person": "Tom Berg", "owner": True}


def at(text: str) -> datetime:
    """Return a Copenhagen time of November or December 2026: `11-23 15:40`."""
    return datetime.fromisoformat(f"2026-{text.replace(' ', 'T')}").replace(tzinfo=ZONE).astimezone(UTC)


def request(**given: Any) -> WordRequest:
    """Return a request for a first note on Monday at noon."""
    base = {
        "id": "n_1",
        "kind": "first",
        "zone": ZONE,
        "now": at("11-23 12:00"),
        "at": at("11-23 15:40"),
        **MARIA,
    }
    return WordRequest(**(base | given))


def texts(**given: Any) -> set[str]:
    """Return every variant that such a note may have."""
    return {WORDING.word(request(**given, id=f"n_{number}")).text for number in range(20)}


GOOD = [
    pytest.param(
        {"customer": "Ana", "reference": "HB-7K2Q9"},
        "Hi Ana, Maria here. Your message is with me and I'll answer by 15:40 today (Copenhagen time)."
        "\n\nMaria Jensen\nHB-7K2Q9",
        id="1 mail at noon",
    ),
    pytest.param(
        {
            "language": "da",
            "customer": "Peter",
            "now": at("11-23 23:30"),
            "back_at": at("11-24 08:00"),
            "at": at("11-24 10:00"),
        },
        "Hej Peter. Jeg hedder Maria og er tilbage i morgen tidlig. Du har mit svar senest tirsdag den "
        "24. november kl. 10.00 (dansk tid).\n\nMaria Jensen",
        id="2 mail at night",
    ),
    pytest.param(
        {
            "language": "de",
            "customer": "Karin Weber",
            "disclose": True,
            "now": at("12-25 12:00"),
            "back_at": at("12-28 08:00"),
            "at": at("12-28 11:00"),
        },
        "Guten Tag Karin Weber, ich bin Maria Jensen und ab Montag wieder da. Meine Antwort haben Sie am "
        "Montag, 28. Dezember, bis 11 Uhr (Kopenhagener Zeit). Diese Nachricht ging automatisch in meinem "
        "Namen hinaus; die Antwort schreibe ich selbst.\n\nMaria Jensen",
        id="3 mail on a holiday, disclosed",
    ),
    pytest.param(
        {"style": "public", "tone": "sober", "customer": "Ana", "at": at("11-23 14:20")},
        "I'm sorry this has gone wrong for you, Ana. I'm Maria, and I'll answer you right here by 14:20 "
        "today, Copenhagen time.",
        id="4 in public, angry",
    ),
    pytest.param(
        {"style": "chat", "language": "ru", "customer": "Ольга", "person": "Мария", "at": at("11-23 16:20")},
        "Здравствуйте, Ольга. Это Мария. Отвечу Вам здесь сегодня до 16:20 по времени Копенгагена.",
        id="5 direct message",
    ),
    pytest.param(
        {"style": "chat", "language": "de", "customer": "Jonas", "disclose": True, "at": at("11-23 14:30")},
        "Hallo Jonas, automatische Nachricht für Maria: Ich antworte Ihnen hier persönlich, heute bis "
        "14:30 Uhr (Kopenhagener Zeit).",
        id="6 messenger, disclosed",
    ),
    pytest.param(
        {
            "kind": "incident",
            "style": "public",
            "customer": "Ben",
            "what": "Payments have been failing since 09:10",
            "now": at("11-23 09:30"),
            "at": at("11-23 10:30"),
            **TOM,
        },
        "I'm sorry, Ben. Payments have been failing since 09:10. I'm Tom, and I'll post the next update "
        "here by 10:30 today, Copenhagen time, fixed or not.",
        id="7 comment in an outage",
    ),
    pytest.param(
        {
            "style": "chat",
            "language": "da",
            "customer": "Sara",
            "ask": "email",
            "now": at("11-23 12:10"),
            "at": at("11-23 12:14"),
            **TOM,
        },
        "Hej Sara, jeg hedder Tom. Jeg svarer dig her senest kl. 12.14 i dag (dansk tid). Skriv din "
        "mailadresse, hvis du vil have svaret på mail.",
        id="8 chat",
    ),
    pytest.param(
        {"style": "spoken", "number": "+45 12 34 44 17", "at": at("11-23 12:25")},
        "This is read out for Maria Jensen: \"I'll call the number ending 4417 by 12:25 today, Copenhagen "
        'time. You keep your place."',
        id="9 callback",
    ),
    pytest.param(
        {
            "style": "public",
            "language": "ru",
            "customer": "Игорь",
            "person": "Мария",
            "now": at("11-23 18:00"),
            "at": at("11-24 12:00"),
        },
        "Здравствуйте, Игорь. Меня зовут Мария. Отвечу в этой теме во вторник, 24 ноября, до 12:00 по "
        "времени Копенгагена.",
        id="10 forum",
    ),
    pytest.param(
        {
            "kind": "renewal",
            "customer": "Ana",
            "now": at("11-23 15:20"),
            "previous_at": at("11-23 15:40"),
            "at": at("11-23 17:30"),
        },
        "Hi Ana, I said 15:40 and I won't make it. That's my mistake, and I'm sorry. You'll have my answer "
        "by 17:30 today (Copenhagen time).\n\nMaria Jensen",
        id="11 renewal",
    ),
    pytest.param(
        {"customer": "Ben", "owner": False, "others": ("Tom Berg",), "at": at("11-23 16:00")},
        "Hi Ben, I'm Maria, and today's mail is mine to look after. I'll see to it that you have an answer "
        "by 16:00 today (Copenhagen time), from me or Tom Berg.\n\nMaria Jensen",
        id="12 duty voice",
    ),
]


@pytest.mark.parametrize(("given", "expected"), GOOD)
def test_good_notes(given: dict[str, Any], expected: str) -> None:
    """Each of the notes that people found good can be had, word for word."""
    assert expected in texts(**given)


def test_variants_differ() -> None:
    """Two customers side by side do not read the same sentence, and one note always reads the same."""
    assert len(texts(customer="Ana")) > 1
    assert WORDING.word(request(customer="Ana")) == WORDING.word(request(customer="Ana"))


def test_without_a_name() -> None:
    """A customer without a usable name is greeted without one."""
    assert "Hi, Maria here." in {text.partition(" Your")[0] for text in texts()}


@pytest.mark.parametrize("language", WORDING.languages)
def test_address(language: str) -> None:
    """Informal address changes the words where the language has the choice, and nowhere else."""
    formal, informal = texts(language=language), texts(language=language, address="informal")
    assert (formal == informal) == (language in {"en", "da"})


def test_answer_in_another_language() -> None:
    """When nobody speaks the customer's language, the note says in which one the answer comes."""
    worded = WORDING.word(request(language="de", customer="Karin", answer_language="en"))
    assert "Die Antwort kommt auf Englisch; ich hoffe, das passt Ihnen." in worded.text


def test_time_stands_in_the_text() -> None:
    """The note says which words are its time, and they stand in it once."""
    worded = WORDING.word(request(customer="Ana"))
    assert worded.time == WORDING.say_time(at("11-23 15:40"), at("11-23 12:00"), ZONE, "en")
    assert worded.text.count(worded.time) == 1


def test_introduction_and_added_and_followup() -> None:
    """The other kinds: a new person, a second message, a look back."""
    assert any(
        "in place of Tom Berg" in text for text in texts(kind="introduction", previous_person="Tom Berg")
    )
    assert all("my time stands" in text for text in texts(kind="added"))
    assert all("15:40" not in text for text in texts(kind="followup"))


def test_public_notes_are_short_and_private() -> None:
    """A public note fits into a post and carries neither reference nor number."""
    for text in texts(style="public", customer="Ana", reference="HB-7K2Q9", number="12344417"):
        assert len(text) <= 280
        assert "HB-" not in text
        assert "4417" not in text


@pytest.mark.parametrize(
    "name",
    [
        "noreply",
        "ana@example.com",
        "https://example.com/win",
        "Buy Premium",
        "We Are Sorry",
        "Ana\r\nBcc: all@example.com",
        "Your Call Is Important",
        "I",
        "{time}",
        "[secret]",
        "<script>alert(1)</script>",
        "12345678",
        "😊😊",
        "a" * 5000,
    ],
)
def test_hostile_names(name: str) -> None:
    """What is no name, or would make the note say something else, is left out; the note still goes."""
    text = WORDING.word(request(customer=name)).text
    assert text == WORDING.word(request()).text


@pytest.mark.parametrize("name", ["Ольга", "李小龍", "Zoë O’Hara-Ñúñez", "Jean-Luc", "محمد", "Ana 🌸"])
def test_names_of_the_world(name: str) -> None:
    """A name in any script may stand in a note of any language."""
    for language in WORDING.languages:
        text = WORDING.word(request(customer=name, language=language, style="chat")).text
        assert name.split(maxsplit=1)[0] in text


@given(st.text(max_size=80), st.sampled_from(WORDING.languages), st.sampled_from(STYLES))
@settings(max_examples=300, deadline=None)
def test_any_name(name: str, language: str, style: str) -> None:
    """No name whatsoever stops the note, breaks a line of it or brings in a control character."""
    bare = WORDING.word(request(language=language, style=style)).text
    text = WORDING.word(request(customer=name, language=language, style=style)).text
    assert text.count("\n") == bare.count("\n")
    assert all(each.isprintable() or each == "\n" for each in text)


@given(
    st.sampled_from(KINDS),
    st.sampled_from(STYLES),
    st.sampled_from(TONES),
    st.sampled_from(WORDING.languages),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["formal", "informal"]),
    st.integers(1, 20_000),
)
@settings(max_examples=400, deadline=None)
def test_every_combination(
    kind: str,
    style: str,
    tone: str,
    language: str,
    owner: bool,  # noqa: FBT001  # hypothesis gives arguments by place
    disclose: bool,  # noqa: FBT001  # the same
    address: str,
    minutes: int,
) -> None:
    """Every kind, style, tone, voice and language can be worded for any time, and the linter lets it pass."""
    now = datetime(2026, 11, 23, 21, 17, tzinfo=UTC)
    then = datetime.fromtimestamp(now.timestamp() + 60 * minutes, UTC)
    worded = WORDING.word(
        request(
            kind=kind,
            style=style,
            tone=tone,
            language=language,
            owner=owner,
            disclose=disclose,
            address=address,
            now=now,
            at=then,
            previous_at=now if kind in {"renewal", "missed", "inherited"} else None,
            what="HB 12." if kind == "incident" else "",
            customer="Ana Pereira",
            others=("Tom Berg", "Ines Holm"),
        )
    )
    assert "Maria" in worded.text
    assert worded.text.count(worded.time) == 1 or not worded.time


def test_what_cannot_be_worded() -> None:
    """What no text can be found for is refused with what to do."""
    with pytest.raises(WordingError, match="no note texts in 'it'; there are some in en"):
        WORDING.word(request(language="it"))
    with pytest.raises(WordingError, match="no note texts for 'smoke'"):
        WORDING.word(request(style="smoke"))
    with pytest.raises(WordingError, match="needs a time to promise"):
        WORDING.word(request(at=None))
    with pytest.raises(WordingError, match=r"needs \{previous_time\}"):
        WORDING.word(request(kind="renewal"))
    with pytest.raises(WordingError, match="No text asks for 'shoe size'"):
        WORDING.word(request(ask="shoe size"))


def test_refused_at_send_time() -> None:
    """A sentence that somebody wrote for an incident is held by the linter too."""
    with pytest.raises(WordingError, match="'Our' speaks as a group"):
        WORDING.word(request(kind="incident", what="Our supplier is down."))
