"""A person's word about another time is theirs, and yet no answer."""

from datetime import timedelta

from msgspec.structs import replace

from channels.message import Identity
from router.conversation import Conversation, Item, SendState
from router.kept.figures import Missed
from router.kept.letter import answered_at
from tests.support.world import MONDAY_NOON

SAID = Item(
    id="r_1",
    seq=1,
    at=MONDAY_NOON,
    state=SendState.SENT,
    sent_at=MONDAY_NOON + timedelta(minutes=1),
    update=True,
    author="maria",
    author_name="Maria Jensen",
    text="I said noon; you'll have it by one.",
    to=Identity(kind="email", address="ana@example.org"),
)
MISSED = Missed(
    conversation="cv_1",
    channel="email",
    queue="general",
    agent="maria",
    made=MONDAY_NOON,
    promised=MONDAY_NOON,
)


def having(*items: Item) -> Conversation:
    """Return a conversation whose customer waits, with these words of ours."""
    return Conversation(
        id="cv_1",
        reference="HB-22222",
        channel="email",
        account="support",
        opened_at=MONDAY_NOON,
        updated_at=MONDAY_NOON,
        customer="c_1",
        contact=SAID.to,
        queue="general",
        accountable="maria",
        outbox=items,
    )


def test_the_letter_counts_the_answer_and_not_the_word_before_it() -> None:
    """A missed promise was answered when the answer left, not when its new time was said."""
    answer = replace(SAID, id="r_2", update=False, sent_at=MONDAY_NOON + timedelta(minutes=50))
    assert answered_at(having(SAID), MISSED) is None
    assert answered_at(having(SAID, answer), MISSED) == answer.sent_at


def test_only_a_persons_own_answer_answers() -> None:
    """Neither a word about the time nor a copy for another address is one."""
    told = (SAID, replace(SAID, update=False, unless_seen=4), replace(SAID, update=False))
    assert [one.answers for one in told] == [False, False, True]
