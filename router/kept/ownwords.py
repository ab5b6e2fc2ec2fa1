"""A customer's own words for the weekly letter: one short message, without names, addresses and numbers."""

import re
from collections.abc import Iterable, Sequence

from msgspec import Struct

from channels.message import Kind
from router.conversation import Conversation
from router.ports import Stored
from router.redact import redact
from router.thanks import says_thanks
from rules.evaluate import Rulebook

#: Shorter says too little, longer is cut at the end of a word.
SHORTEST, LONGEST = 20, 280
#: Anything with two digits may be a number that tells who somebody is: an order, a house, a day of birth.
NUMBER = re.compile(r"\S*\d\S*\d\S*")
WORD = re.compile(r"[^\W\d_]{2,}")


class Words(Struct, frozen=True, kw_only=True):
    """What a customer wrote, and why it is shown."""

    text: str
    channel: str
    #: True when a promise to them was broken, False when they said thanks.
    missed: bool


def missed_words(one: Conversation, said: Sequence[Stored], names: frozenset[str]) -> Words | None:
    """Return the newest words of a customer who was let down; None when there are none to show."""
    texts = [text for text in reversed(_texts(said, one, names)) if text]
    return Words(text=texts[0], channel=one.channel, missed=True) if texts else None


def thankful_words(one: Conversation, said: Sequence[Stored], names: frozenset[str]) -> Words | None:
    """Return the newest words of a customer who said thanks; None when they did not."""
    texts = [text for text in reversed(_texts(said, one, names)) if text and says_thanks(text)]
    return Words(text=texts[0], channel=one.channel, missed=False) if texts else None


def staff(book: Rulebook) -> frozenset[str]:
    """Return the words of our people's names."""
    return frozenset(word for person in book.people.values() for word in _words([person.name]))


def anonymous(text: str, names: Iterable[str]) -> str:
    """Return the text as one line without addresses, numbers and these names; cut when it is long."""
    line = redact(" ".join(text.split())[: 2 * LONGEST])
    hidden = frozenset(names)
    line = NUMBER.sub("[number]", line)
    line = WORD.sub(lambda found: "[name]" if found[0].casefold() in hidden else found[0], line)
    line = re.sub(r"\[name\](?:[ -]\[name\])+", "[name]", line)
    if len(line) <= LONGEST:
        return line
    return line[:LONGEST].rsplit(" ", 1)[0] + " …"


def _texts(said: Sequence[Stored], one: Conversation, names: frozenset[str]) -> list[str]:
    own = [one.contact.name, *(each.message.sender.name for each in said)]
    own += [one.contact.address, *(each.message.sender.address for each in said)]
    hidden = names | _words(own)
    written = (each.message.text for each in said if each.message.kind is Kind.CUSTOMER)
    return [anonymous(text, hidden) for text in written if len(text.strip()) >= SHORTEST]


def _words(names: Iterable[str]) -> frozenset[str]:
    return frozenset(word.casefold() for name in names for word in WORD.findall(name))
