import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rules.wording import Wording

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
WORDING = Wording.load()


def at(day: int, clock: str) -> datetime:
    """Return a Copenhagen time of November 2026."""
    return datetime.fromisoformat(f"2026-11-{day}T{clock}").replace(tzinfo=COPENHAGEN).astimezone(UTC)


NOON = at(23, "12:00")


@pytest.mark.parametrize(
    ("language", "today", "tomorrow", "later"),
    [
        (
            "en",
            "by 15:40 today (Copenhagen time)",
            "by 09:00 tomorrow (Copenhagen time)",
            "by 10:00 on Wednesday 25 November (Copenhagen time)",
        ),
        (
            "da",
            "senest kl. 15.40 i dag (dansk tid)",
            "senest kl. 09.00 i morgen (dansk tid)",
            "senest onsdag den 25. november kl. 10.00 (dansk tid)",
        ),
        (
            "de",
            "heute bis 15:40 Uhr (Kopenhagener Zeit)",
            "morgen bis 9 Uhr (Kopenhagener Zeit)",
            "am Mittwoch, 25. November, bis 10 Uhr (Kopenhagener Zeit)",
        ),
        (
            "fr",
            "aujourd'hui avant 15 h 40 (heure de Copenhague)",
            "demain avant 9 h (heure de Copenhague)",
            "mercredi 25 novembre avant 10 h (heure de Copenhague)",
        ),
        (
            "es",
            "hoy antes de las 15:40 (hora de Copenhague)",
            "mañana antes de las 9:00 (hora de Copenhague)",
            "el miércoles 25 de noviembre antes de las 10:00 (hora de Copenhague)",
        ),
        (
            "ru",
            "сегодня до 15:40 по времени Копенгагена",
            "завтра до 09:00 по времени Копенгагена",
            "в среду, 25 ноября, до 10:00 по времени Копенгагена",
        ),
    ],
)
def test_how_each_language_says_it(language: str, today: str, tomorrow: str, later: str) -> None:
    """Each language names clock, day and zone in its own way."""
    assert WORDING.say_time(at(23, "15:40"), NOON, COPENHAGEN, language) == today
    assert WORDING.say_time(at(24, "09:00"), NOON, COPENHAGEN, language, "chat") == tomorrow
    assert WORDING.say_time(at(25, "10:00"), NOON, COPENHAGEN, language) == later


def test_tomorrow_in_mail() -> None:
    """Mail may be read tomorrow, when the word has moved on: it names the weekday and date."""
    assert "on Tuesday 24 November" in WORDING.say_time(at(24, "09:00"), NOON, COPENHAGEN, "en", "mail")


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (at(24, "00:10"), at(24, "10:00")),
        (at(24, "03:59"), at(25, "10:00")),
        (at(23, "23:50"), at(24, "00:05")),
    ],
)
def test_small_hours(now: datetime, then: datetime) -> None:
    """Between midnight and four neither "today" nor "tomorrow" is clear, so the weekday is named."""
    assert re.search(r"on (Tues|Wednes)day", WORDING.say_time(then, now, COPENHAGEN, "en", "chat"))


def test_a_few_minutes_after_midnight() -> None:
    """A time minutes away in the small hours is still today."""
    assert "00:15 today" in WORDING.say_time(at(24, "00:15"), at(24, "00:10"), COPENHAGEN, "en", "chat")


@pytest.mark.parametrize(
    ("zone", "language", "words"),
    [
        ("America/New_York", "en", "New York time"),
        ("Asia/Kolkata", "de", "Ortszeit Kolkata"),
        ("Asia/Tokyo", "ru", "по местному времени, Токио"),
        ("America/Argentina/Buenos_Aires", "es", "hora de Buenos Aires"),
        ("UTC", "fr", "UTC"),
        ("Europe/Berlin", "da", "tysk tid"),
    ],
)
def test_zones_by_city(zone: str, language: str, words: str) -> None:
    """A zone is named by a city in the note's language, never by an abbreviation."""
    assert words in WORDING.say_time(NOON + timedelta(hours=1), NOON, ZoneInfo(zone), language)


MONTHS = {
    "en": "November December January February March",
    "da": "november december januar februar marts",
    "de": "November Dezember Januar Februar März",
    "fr": "novembre décembre janvier février mars",
    "es": "noviembre diciembre enero febrero marzo",
    "ru": "ноября декабря января февраля марта",
}
TODAY = ["today", "i dag", "heute", "aujourd'hui", "hoy", "сегодня"]
TOMORROW = ["tomorrow", "i morgen", "morgen", "demain", "mañana", "завтра"]


def understood(text: str, language: str, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the instant that a reader takes from the words, reading them on their own."""
    clock = re.search(r"(\d{1,2})(?:[:.](\d\d)| h ?(\d\d)?| Uhr)", text)
    assert clock
    hour, minute = int(clock[1]), int(clock[2] or clock[3] or 0)
    here = now.astimezone(zone)
    rest = text.replace(clock[0], " ", 1)
    if any(word in text for word in TODAY):
        day = here.date()
    elif any(word in text for word in TOMORROW):
        day = here.date() + timedelta(days=1)
    else:
        names = MONTHS[language].split()
        number = int(re.findall(r"\b(\d{1,2})\b", rest)[0])
        month = (11, 12, 1, 2, 3)[next(i for i, name in enumerate(names) if name in rest)]
        day = here.date().replace(year=here.year + (month < here.month), month=month, day=number)
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)


@given(
    st.integers(0, 60 * 24 * 20),
    st.integers(1, 60 * 24 * 60),
    st.sampled_from(WORDING.languages),
    st.sampled_from(["mail", "chat", "public", "spoken"]),
    st.sampled_from(["Europe/Copenhagen", "Asia/Kolkata", "America/New_York", "UTC"]),
)
@settings(max_examples=600, deadline=None)
def test_the_words_name_the_minute(start: int, ahead: int, language: str, style: str, zone_name: str) -> None:
    """What a reader understands is the promised minute, in every language, style and zone."""
    zone = ZoneInfo(zone_name)
    now = datetime(2026, 11, 10, tzinfo=UTC) + timedelta(minutes=start)
    then = now + timedelta(minutes=ahead)
    text = WORDING.say_time(then, now, zone, language, style)
    assert understood(text, language, now, zone) == then
