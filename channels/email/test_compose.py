from datetime import UTC, datetime
from email import message_from_bytes, policy
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email import account as accounts
from channels.email.compose import Letter, compose
from channels.email.parse import parse
from channels.email.view import File
from channels.errors import Refused
from channels.message import Identity, Kind, Outgoing

ACCOUNT = accounts.read({"address": "help@example.com", "receive": "smtp://127.0.0.1:2525"})
ANA = Identity(kind="email", address="ana@example.org", name="Ana Berg")


def written(**changes: Any) -> Letter:
    """Return a note, fields by keyword."""
    fields: dict[str, Any] = {
        "id": "n1", "channel": "email", "account": "a", "conversation": "c", "reference": "HB-7K2Q9",
        "automatic": True, "author": "Maria Jensen", "to": ANA, "subject": "Order", "text": "Hi Ana.",
        "at": datetime(2026, 11, 21, 9, 0, tzinfo=UTC),
    }  # fmt: skip
    return compose(Outgoing(**{**fields, **changes}), ACCOUNT)


def read(letter: Letter) -> Any:
    """Return the mail as the standard library reads it."""
    return message_from_bytes(letter.data, policy=policy.default)


def test_the_same_message_gives_the_same_bytes() -> None:
    """A retry sends what was sent before, under the same Message-ID."""
    assert written() == written()
    assert written().message_id == "hb.n1@example.com"


def test_our_own_note_is_recognised_when_it_comes_back() -> None:
    """Whatever way it returns, nothing answers it."""
    parsed = parse(written().data, ACCOUNT.view)
    assert parsed.kind is Kind.MACHINE
    assert parsed.ours


def test_long_threads_are_trimmed_in_the_middle() -> None:
    """The first and the nearest ids stay, each whole and on a line of its own."""
    chain = tuple(f"{number}.{'x' * 90}@mail.example.org" for number in range(100))
    note = read(written(references=chain, in_reply_to=chain[-1]))
    ids = note["References"].split()
    assert len(ids) == 20
    assert ids[0] == f"<{chain[0]}>"
    assert ids[-1] == f"<{chain[-1]}>"
    assert note["In-Reply-To"] == f"<{chain[-1]}>"


@pytest.mark.parametrize(
    ("subject", "shown"),
    [("Order", "Re: Order"), ("Re: Order", "Re: Order"), ("SV: Ordre", "SV: Ordre"), ("", "Re: HB-7K2Q9")],
)
def test_the_subject_stays_that_of_the_thread(subject: str, shown: str) -> None:
    """It gets one `Re:`, and the reference where there was no subject."""
    assert read(written(subject=subject, in_reply_to="1@x"))["Subject"] == shown


def test_letters_of_the_world_survive() -> None:
    """Names, subject and text come out as they went in, within the line lengths of mail."""
    text = "Здравствуйте, Ольга. Отвечу Вам здесь сегодня до 16:20.\n" + "длинная строка " * 100 + "\n.\n"
    letter = written(
        author="Мария Йенсен",
        to=Identity(kind="email", address="olga@example.org", name="Ольга «О» Иванова"),
        subject="Очень длинный вопрос о моём заказе номер 5521, который так и не пришёл",
        text=text,
    )
    note = read(letter)
    assert note["From"].addresses[0].display_name == "Мария Йенсен"
    assert note["To"].addresses[0].display_name == "Ольга «О» Иванова"
    assert note["Subject"].startswith("Очень длинный вопрос")
    assert note.get_content().split() == text.split()
    assert max(len(line) for line in letter.data.split(b"\r\n")) <= 200


def test_the_spelling_of_an_address_is_kept_for_sending() -> None:
    """Comparing folds the case, sending does not."""
    spelled = Identity(kind="email", address="ana@example.org", spelling="Ana.B@Example.org")
    assert written(to=spelled).recipient == "Ana.B@example.org"


def test_a_token_that_does_not_fit_an_address_is_left_out() -> None:
    """Local parts end at 64 characters."""
    assert read(written(token="hb7k2q9-abc"))["Reply-To"] == "help+hb7k2q9-abc@example.com"
    assert read(written(token="x" * 70))["Reply-To"] is None
    assert read(written(token="a b>"))["Reply-To"] is None


@pytest.mark.parametrize(
    "address", ["", "ana", "a@b c", "a@b>,<c@d", "a@b\r\nX: y", "a@x.invalid", "@b", "a@"]
)
def test_addresses_that_are_none_are_refused(address: str) -> None:
    """A person must act; nothing is sent."""
    with pytest.raises(Refused):
        written(to=Identity(kind="email", address=address))


@given(st.text(max_size=60), st.text(max_size=60), st.text(max_size=60), st.text(max_size=40))
@settings(max_examples=150, deadline=None)
def test_nothing_that_people_type_adds_a_header(subject: str, author: str, text: str, cited: str) -> None:
    """Header injection is impossible: the fields are those we write, whatever is in them."""
    outgoing = Outgoing(
        id=cited or "x", channel="email", account="a", conversation="c", reference="HB-7K2Q9", automatic=True,
        author=author, to=Identity(kind="email", address="ana@example.org", name=subject), subject=subject,
        text=text, in_reply_to=cited, references=(cited, author), token=cited, language=cited,
        at=datetime(2026, 11, 21, tzinfo=UTC),
    )  # fmt: skip
    letter = compose(outgoing, ACCOUNT, [File(name=text, content_type=cited, data=b"x")])
    head = letter.data.partition(b"\r\n\r\n")[0]
    names = {line.partition(b":")[0] for line in head.split(b"\r\n") if not line.startswith(b" ")}
    assert names <= {
        b"Date", b"From", b"To", b"Reply-To", b"Subject", b"Message-ID", b"In-Reply-To", b"References",
        b"Content-Language", b"Auto-Submitted", b"X-Auto-Response-Suppress", b"X-Loop", b"MIME-Version",
        b"Content-Type",
    }  # fmt: skip
    assert b"\n" not in letter.data.replace(b"\r\n", b"")
    assert b"\r" not in letter.data.replace(b"\r\n", b"")
