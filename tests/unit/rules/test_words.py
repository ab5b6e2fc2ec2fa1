import pytest

from rules.mood import sensitive, signs, touched, upset
from rules.words import LONGEST, Terms, Words, fold


@pytest.mark.parametrize(
    ("term", "found", "missed"),
    [
        ("refund", "a refund, please", "refundable"),
        ("refund", "REFUND!", "prefund"),
        ("money back", "money-back", "moneyback"),
        ("money-back", "Money  back", "money is back"),
        ("refund*", "refunded", "prefunded"),
        ("*fund", "prefund", "refunds"),
        ("*fun*", "refunds", "fin"),
        ("re*", "refund", "a tree"),
        ("ask for*", "I ask forever", "forask"),
        ("don't", "I don’t know", "dont"),
        ("avocat", "l'avocat", "avocats"),
        ("c++", "in C++ only", "c"),
        ("@acme", "ask @Acme_help", "acme"),
        ("#12", "see #123", "12"),
        ("返金", "返金してください", "返"),
        ("æble", "et Æble.", "æbler"),
    ],
)
def test_terms(term: str, found: str, missed: str) -> None:
    """Terms match whole words whatever the case; stars and odd characters loosen that."""
    assert Terms([term]).found(Words(found)) == [term]
    assert not Terms([term]).occur(Words(missed))


def test_terms_are_named_in_their_own_order() -> None:
    """What was found is told as written and in the order written, so that explanations never change."""
    terms = Terms(["Zebra", "ape*", "two words", "%"])
    text = Words("% two words of apes and a zebra")
    assert terms.found(text) == ["Zebra", "ape*", "two words", "%"]
    assert terms.all_occur(text)
    assert not terms.all_occur(Words("zebra"))


def test_folding() -> None:
    """One spelling for compatibility forms, case and white space."""
    assert fold("  Straße\u00a0ﬁn\n") == "strasse fin"


def test_only_the_beginning_of_a_huge_text_is_looked_at() -> None:
    """A huge text costs no more than a long one."""
    assert not Terms(["end"]).occur(Words("x " * LONGEST + "end"))


@pytest.mark.parametrize(
    "text",
    [
        "This is outrageous.",
        "Second time I ask, and still no answer",
        "I'm disappointed!!!",
        "WHERE IS THE ORDER WITH THE SHOES",
        "Det er under al kritik",
        "Jeg er skuffet og har ikke fået svar",
        "Это безобразие!",
        "Ich bin enttäuscht, schon wieder kaputt",
        "J’en ai marre",
        "Estoy harta de esperar",
    ],
)
def test_upset(text: str) -> None:
    """One strong sign or two milder ones make a customer upset, in six languages, and are named."""
    words = Words(text)
    assert upset(words)
    assert signs(words)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Where is my order? Thanks!",
        "I was upset about the weather.",
        "HTTP API FAQ",
        "Hvornår åbner I?",
        "Die Brandmeldeanlage ist bestellt.",
        "Спасибо за ответ!",
        "Merci beaucoup !",
        "Muchas gracias, todo bien.",
    ],
)
def test_not_upset(text: str) -> None:
    """Ordinary messages, capital abbreviations and a single mild sign do not."""
    assert not upset(Words(text))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("My wife passed away in May", "death"),
        ("Sie ist letzte Woche gestorben", "death"),
        ("I want to kill myself", "self_harm"),
        ("Jeg vil ikke leve mere", "self_harm"),
        ("The charger caught fire", "danger"),
        ("Пахнет газом", "danger"),
        ("Our attorney will be in touch", "legal"),
        ("Voy a denunciar a la empresa", "legal"),
        ("I am a journalist with the Times", "press"),
        ("Je suis journaliste", "press"),
    ],
)
def test_sensitive(text: str, kind: str) -> None:
    """Sensitive matters are recognised by kind, and the words are named."""
    words = Words(text)
    assert sensitive(words) == (kind,)
    assert touched(words, kind)


@pytest.mark.parametrize(
    "text",
    [
        "My phone has died on Monday",
        "Batteriet er dødt",
        "Der Akku ist tot",
        "Mon ordinateur est mort",
        "Телефон умер",
        "What is the deadline for the press release of the coffee press?",
        "An avocado and a bottle of brandy",
        "",
    ],
)
def test_not_sensitive(text: str) -> None:
    """Things may die, and words that only look alike do no harm."""
    assert sensitive(Words(text)) == ()
