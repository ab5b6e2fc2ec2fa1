import pytest

from rules.lint import Manner, fit, lint
from rules.refusals import LANGUAGES, patterns

TIME = "by 15:40 today (Copenhagen time)"
GOOD = f"Hi Ana, Maria here. Your message is with me and I'll answer {TIME}."


def faults(text: str, language: str = "en", **manner: str) -> str:
    """Return all that the linter says of a text that Maria Jensen would send."""
    return "\n".join(
        lint(text, language, person="Maria Jensen", time_phrase=TIME, manner=Manner(names=("Ana",), **manner))
    )


def test_a_good_note_passes() -> None:
    """A note with I, a name and one hard time is let through."""
    assert faults(GOOD) == ""
    assert faults(GOOD, tone="sober", style="public") == ""


@pytest.mark.parametrize(
    ("text", "language", "reasons"),
    [
        (
            "We received your request; an agent responds within 24 hours",
            "en",
            [
                "'We' speaks as a group",
                "'an agent' speaks to or of nobody",
                "no hard time",
                "nobody is named",
            ],
        ),
        ("I've read this and am looking into it", "en", ['"I\'ve read" claims an act', "no hard time"]),
        ("Unusually many requests at the moment", "en", ["'Unusually many' is a phrase that people hate"]),
        (
            "Great to hear from you! 😊",
            "en",
            ["'Great to hear' is too cheerful", "emoji", "'!' is an exclamation"],
        ),
        ("Hej Peter, I'll reply tomorrow at 10", "en", ["'Hej' is in another language", "no hard time"]),
        ("Export will be fixed Friday", "en", ["'will be fixed' speaks of a feature or its date"]),
        ("@ana HB-7K2Q9, refund for order 5521, https://…", "en", ["in public", "is a link"]),
        ("Our supplier is down", "en", ["'supplier' blames somebody else"]),
        (
            "I'm Maria, by Thursday 24 December 09:00",
            "en",
            ["no hard time; the promised {time}, with day and zone"],
        ),
        (
            "Уважаемый клиент! Я получила Ваше письмо; кстати, скидка на Premium",
            "ru",
            ["speaks to or of nobody", "'Я получила' has a gender", "'скидка' sells", "no hard time"],
        ),
    ],
)
def test_refused_notes(text: str, language: str, reasons: list[str]) -> None:
    """Each of the notes that people refused is refused, for the reason they gave."""
    found = faults(text, language, tone="sober", style="public")
    for reason in reasons:
        assert reason in found


@pytest.mark.parametrize(
    ("sentence", "reason"),
    [
        ("Our team will answer.", "speaks as a group"),
        ("Your call is important.", "people hate"),
        ("Please call back later.", "people hate"),
        ("That is against our policy.", "people hate"),
        ("You will hear from me soon.", "is no time"),
        ("I'm working on it.", "an act that nobody has done"),
        ("The new version is out.", "a feature"),
        ("There is a discount.", "sells"),
        ("Our courier lost it.", "blames"),
        ("See https://example.com.", "is a link"),
        ("Or at 17:00.", "a second time"),
        ("😊", "an emoji"),
        ("Yes! Yes!", "two exclamation marks"),
        ("Ich danke und grüße heute.", "another language"),
    ],
)
def test_refused_beside_a_good_note(sentence: str, reason: str) -> None:
    """One refused sentence is enough, however good the rest is."""
    assert reason in faults(f"{GOOD} {sentence}")


@pytest.mark.parametrize(
    ("language", "sentences"),
    [
        (
            "da",
            [
                "Vi svarer.",
                "Usædvanligt mange henvendelser.",
                "Jeg har læst det.",
                "Vores leverandør er nede.",
                "Snart.",
            ],
        ),
        (
            "de",
            [
                "Wir antworten.",
                "Ungewöhnlich viele Anfragen.",
                "Ich habe es gelesen.",
                "Der Lieferant.",
                "In Kürze.",
            ],
        ),
        (
            "fr",
            [
                "Nous répondons.",
                "Un nombre inhabituel de demandes.",
                "J'ai lu.",
                "Le fournisseur.",
                "Je suis désolée.",
            ],
        ),
        (
            "es",
            [
                "Responderemos.",
                "Un volumen inusual de consultas.",
                "He leído.",
                "El proveedor.",
                "Estoy segura.",
            ],
        ),
        ("ru", ["Мы ответим.", "Необычно много обращений.", "Я прочитала.", "Поставщик виноват.", "Скоро."]),
    ],
)
def test_counterparts(language: str, sentences: list[str]) -> None:
    """The same things are refused in the other languages."""
    for sentence in sentences:
        assert lint(sentence, language, person="Maria", time_phrase="", allow_time=False) != [], sentence
        assert not fit(sentence, language), sentence


def test_the_time_once() -> None:
    """The promised time may stand in the note once only."""
    assert "twice" in faults(f"{GOOD} Again: {TIME}.")
    assert lint("I'm Maria.", "en", person="Maria", time_phrase="", allow_time=False) == []
    assert lint("I'm Maria, at 5 pm.", "en", person="Maria", time_phrase="", allow_time=False) != []


def test_told_times() -> None:
    """A time that was named before, or that a person wrote, may stand beside the promised one."""
    text = f"I said 15:30 and I won't make it. Maria will answer {TIME}."
    manner = Manner(told=("15:30",))
    assert lint(text, "en", person="Maria", time_phrase=TIME, manner=manner) == []


def test_typographic_apostrophes() -> None:
    """Curly apostrophes are read like straight ones."""
    assert "I've read" in faults(f"{GOOD} I’ve read it.")


def test_long_hostile_texts() -> None:
    """A huge text is still judged, not waved through."""
    found = faults(GOOD + " x" * 200_000 + " our team")
    assert "speaks as a group" in found
    assert "1200 at most" in found


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_every_list(language: str) -> None:
    """No language lacks a list that another has, but for gendered forms where there are none."""
    assert patterns("ru").keys() - patterns(language).keys() <= {"gendered"}
