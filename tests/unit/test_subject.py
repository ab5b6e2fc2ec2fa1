import pytest

from channels.email import subject as email_subject
from channels.email.compose import compose
from channels.email.reply import likely
from router.reading import subject as router_subject
from router.reading.subject import EITHER, FORWARDS, REPLIES, base_subject, reply_subject
from tests.support.mail import mailbox, outgoing
from tests.support.world import World

LONG = "An endless subject with many words " * 9


@pytest.mark.parametrize("word", [*REPLIES, *FORWARDS, *EITHER])
@pytest.mark.parametrize("colon", [":", ": ", " : ", "\uff1a ", "[2]: ", "(3): ", "^2: ", ". : "])
def test_answers_in_many_languages_are_about_the_same(word, colon) -> None:
    """Whatever a mail program puts before the subject, once or with others, the matter is the same."""
    assert base_subject(f"{word}{colon}Parcel") == base_subject("Parcel")
    assert base_subject(f"RE: {word.upper()}{colon}parcel") == base_subject("Parcel")


@pytest.mark.parametrize(
    "subject",
    [
        LONG,
        "x" * 230,
        f"Fwd: {LONG}",
        f"Re: Fwd: Re: {LONG}",
        "Par\u200bcel \u202ereversed",
        "a\u00ad\tb\n c",
    ],
)
def test_a_subject_that_we_cut_or_tidy_still_equals_its_answers(subject) -> None:
    """What comes back to our answer is about the same as what we answered, also through other programs."""
    ours = reply_subject(subject)
    assert len(ours) <= router_subject.LONGEST + len("Re: ")
    assert ours.isprintable()
    for answer in (ours, f"Re: {ours}", f"SV: {ours}", f"[EXTERNAL] {ours}", f"Re: [EXT] {ours}"):
        assert base_subject(answer) == base_subject(subject)


@pytest.mark.parametrize(("one", "other"), [("Parcel", "Invoice"), ("Order 1", "Order 2"), ("Resend", "End")])
def test_other_matters_stay_other(one, other) -> None:
    """Only whole marks with a colon are taken off."""
    assert base_subject(one) != base_subject(other)


@pytest.mark.parametrize("subject", ["", "   ", "Re:", "re: aw: ", "\u200b"])
def test_no_subject_stays_none(subject) -> None:
    """A mark without a subject is no subject."""
    assert base_subject(subject) == ""
    assert reply_subject(subject) == ""


def test_the_mail_channel_knows_the_same_marks() -> None:
    """Reading, composing and attaching agree on what is an answer and what was passed on."""
    for name in ("REPLIES", "FORWARDS", "EITHER"):
        assert set(getattr(email_subject, name)) == set(getattr(router_subject, name))
    assert not any(likely(f"{word}: Parcel", "", cites=True) for word in (*FORWARDS, *EITHER))
    assert all(likely(f"{word}: Parcel", "", cites=False) for word in REPLIES)


@pytest.mark.parametrize("word", [*REPLIES, *EITHER])
def test_no_second_mark_is_put_before_an_answer(word) -> None:
    """An answer that is marked in another language gets no `Re:` besides."""
    _, channel = mailbox()
    letter = compose(outgoing(subject=f"{word}: Parcel"), channel._account)
    assert b"Re: " not in letter.data.replace(b"Re: Parcel", b"")


@pytest.mark.parametrize("mark", ["Odp: ", "回复\uff1a", "Ynt: ", "RIF: ", "Res: ", "R: "])
async def test_an_answer_in_any_language_finds_its_conversation(tmp_path, mark) -> None:
    """It cites our note, and its subject is ours in another language's clothes."""
    world = World(tmp_path)
    (one,) = await world.take(world.mail_from(subject=LONG))
    await world.send()
    sent = world.mail.sent[0]
    name = (await world.fresh(one)).outbox[0].message_id
    (two,) = await world.take(world.mail_from(subject=mark + sent.subject, references=(name,)))
    assert two.id == one.id
