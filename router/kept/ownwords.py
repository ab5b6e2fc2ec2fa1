"""A customer's own words for the weekly letter: one short message, without names, addresses and numbers."""

import re
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct

from channels.message import Kind, Message
from router.conversation import Conversation
from router.kept.names import GAP, HIDDEN, hide, words_of
from router.ports import Stored
from router.reading.thanks import says_thanks
from router.redact import redact
from rules import mood
from rules.evaluate import Rulebook
from rules.words import Words as Sounds

#: Shorter says too little, longer is cut at the end of a word.
SHORTEST, LONGEST = 20, 280
#: Anything with two digits may be a number that tells who somebody is: an order, a house, a day of birth.
NUMBER = re.compile(r"\S*\d\S*\d\S*")
LINK = re.compile(r"\S*(?:://|\bwww\.)\S*")
HANDLE = re.compile(r"(?<![\w/])@\w+")
#: Marks that nobody sees and that would part a name in two.
UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")


class Words(Struct, frozen=True, kw_only=True):
    """What a customer wrote, and why it is shown."""

    text: str
    channel: str
    #: True when a promise to them was broken, False when they said thanks.
    missed: bool


def missed_words(
    one: Conversation, said: Sequence[Stored], names: frozenset[str], until: datetime
) -> Words | None:
    """Return the newest words, before then, of a customer who was let down; None when there are none to show."""
    texts = _texts(said, one, names, until)
    return Words(text=texts[-1], channel=one.channel, missed=True) if texts else None


def thankful_words(
    one: Conversation, said: Sequence[Stored], names: frozenset[str], until: datetime
) -> Words | None:
    """Return the newest words, before then, of a customer who said thanks; None when they did not."""
    texts = [text for text in _texts(said, one, names, until) if says_thanks(text)]
    return Words(text=texts[-1], channel=one.channel, missed=False) if texts else None


def staff(book: Rulebook) -> frozenset[str]:
    """Return the words of our people's names."""
    return words_of([person.name for person in book.people.values()])


def anonymous(text: str, names: frozenset[str]) -> str:
    """Return the text as one line without addresses, numbers and names, cut when it is long.

    "" where nobody can tell what is a name, or where little else is left.
    """
    plain = unicodedata.normalize("NFKC", UNSEEN.sub("", text)).strip()
    if len(plain) > 2 * LONGEST:
        plain = plain[: 2 * LONGEST].rsplit(None, 1)[0]
    lines = (NUMBER.sub("[number]", redact(_unnamed(line))) for line in plain.splitlines())
    line = hide("\n".join(lines), names)
    if line is None or 2 * (line.count(HIDDEN) + line.count(GAP)) > len(line.split()):
        return ""
    line = " ".join(line.split())
    return line if len(line) <= LONGEST else line[:LONGEST].rsplit(" ", 1)[0] + " …"


def _unnamed(line: str) -> str:
    return HANDLE.sub(HIDDEN, LINK.sub("[link]", line))


def _texts(said: Sequence[Stored], one: Conversation, names: frozenset[str], until: datetime) -> list[str]:
    """Return what may be shown of what the customer wrote, oldest first."""
    messages = [each.message for each in said]
    people = (one.contact, *(each.sender for each in messages))
    hidden = names | words_of([text for each in people for text in (each.name, each.address)])
    changed = {each.about for each in messages if each.kind in {Kind.EDIT, Kind.DELETE}}
    texts = [
        anonymous(each.text, hidden)
        for each in messages
        if each.received_at < until
        and _may_be_shown(each)
        and changed.isdisjoint({each.key, each.message_id})
    ]
    return [text for text in texts if len(text) >= SHORTEST]


def _may_be_shown(message: Message) -> bool:
    """Tell whether a customer wrote it, about nothing that is no matter for a letter: death, danger, a court."""
    return message.kind is Kind.CUSTOMER and not mood.sensitive(Sounds(message.text))
