import pytest

from router.reading.language import LOOKED_AT, SMALL, detect, warm

SIX = ("en", "da", "ru", "de", "fr", "es")


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Hi, my order hasn't arrived", "en"),
        ("Where is my refund?", "en"),
        ("Hej, hvor bliver min pakke af?", "da"),
        ("Jeg kan ikke logge ind", "da"),
        ("Wo bleibt mein Paket?", "de"),
        ("Ich möchte mein Geld zurück", "de"),
        ("Где мой заказ?", "ru"),
        ("Не могу войти в личный кабинет", "ru"),
        ("Où est ma commande ?", "fr"),
        ("Je voudrais un remboursement", "fr"),
        ("¿Dónde está mi pedido?", "es"),
        ("Quiero mi dinero de vuelta", "es"),
    ],
)
def test_short_messages(text: str, language: str) -> None:
    """A short everyday message is told in each of the six languages."""
    assert detect(text, among=SIX) == language


@pytest.mark.parametrize(
    "text", ["", "ok", "hi", "12345 67890", "https://example.com/die/und/das", "asdf qwer zxcv"]
)
def test_unknown(text: str) -> None:
    """What says nothing of a language gives no language."""
    assert detect(text, among=SIX) == ""


def test_only_configured() -> None:
    """Only configured languages are given, also when the text is in another one."""
    assert detect("Hej, hvor bliver min pakke af?", among=["en", "de"]) in {"", "en", "de"}


def test_no_languages() -> None:
    """With nothing configured, or only what the model does not know, nothing is detected."""
    assert detect("Where is my refund?", among=[]) == ""
    assert detect("Where is my refund?", among=["zz"]) == ""


def test_quotes_and_addresses_do_not_count() -> None:
    """Quoted lines, web addresses and mail addresses do not decide the language."""
    text = (
        "> Thank you for your mail, we will answer it soon and kindly\n"
        "Hvor er min pakke? https://example.com/where/is/the/order support@the-customer-service.example\n"
    )
    assert detect(text, among=SIX) == "da"


def test_only_the_beginning_is_read() -> None:
    """A huge text is judged by its beginning alone."""
    text = "Wo bleibt mein Paket? " + " " * LOOKED_AT + "where is my order and refund " * 100_000
    assert detect(text, among=SIX) == "de"


def test_broken_characters() -> None:
    """Lone surrogates and control characters do no harm."""
    assert detect("\ud800\x00 Where is my refund, please? \udfff", among=SIX) == "en"


def test_warm() -> None:
    """The model can be loaded ahead of the first message, for any languages."""
    warm(SIX)
    warm([])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("I ordered a lamp, and it has not come. Where is it?", "en"),
        ("Jeg har bestilt en lampe, og den er ikke kommet til mig endnu", "da"),
        ("Я заказала лампу, и она ещё не пришла ко мне на дом", "ru"),
        ("Ich habe eine Lampe bestellt, und sie ist noch nicht da", "de"),
        ("Je voudrais savoir où est ma lampe, elle est pour une amie", "fr"),
        ("Hola, quiero una lámpara para mi casa, pero no está", "es"),
    ],
)
def test_small_words(text: str, language: str) -> None:
    """Small words alone tell a plain text, as the model does where a language without a list may be meant."""
    assert detect(text, among=SIX) == language
    assert detect(text, among=(*SIX, "nl")) == language


def test_small_words_are_of_one_language() -> None:
    """No small word stands in two lists."""
    each = [word for listed in SMALL.values() for word in listed.split()]
    assert len(each) == len(set(each))


def test_two_languages() -> None:
    """Where small words of two languages stand, the model weighs the text."""
    text = (
        "Hello and thanks for your mail. " + "Ich habe eine Lampe bestellt, und sie ist noch nicht da. " * 3
    )
    assert detect(text, among=SIX) == "de"
