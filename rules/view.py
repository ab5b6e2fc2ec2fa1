"""The facts of one message as conditions look at them: texts prepared once, and only when asked for."""

from collections.abc import Mapping
from functools import cached_property

from rules import mood
from rules.hours import ALWAYS, Calendar
from rules.model import Facts
from rules.words import Words

#: Fields that hold several texts; a condition on them holds when it does for one of the texts.
SEVERAL = frozenset({"attachments"})
_CUSTOMER = "customer."


class View:
    """Facts, and what is derived from them."""

    def __init__(self, facts: Facts, calendars: Mapping[str, Calendar], usual: Mapping[str, str]) -> None:
        """Take the calendars by name, and the name of those that usually apply by channel."""
        self.facts = facts
        self._calendars = calendars
        self._usual = usual
        self._words: dict[str, Words] = {}

    def words(self, field: str) -> Words:
        """Return a field that holds one text."""
        if (found := self._words.get(field)) is None:
            found = self._words[field] = Words(self._text(field))
        return found

    def each(self, field: str) -> tuple[Words, ...]:
        """Return the texts of a field, be they one or several."""
        return self.attachments if field in SEVERAL else (self.words(field),)

    @cached_property
    def attachments(self) -> tuple[Words, ...]:
        """Names and content types of the attachments."""
        return tuple(Words(text) for text in self.facts.attachments)

    @cached_property
    def upset(self) -> bool:
        """Whether the customer sounds upset."""
        return mood.upset(self.words("content"))

    @cached_property
    def sensitive(self) -> tuple[str, ...]:
        """The kinds of sensitive matter that are touched."""
        return mood.sensitive(self.words("content"))

    def calendar(self, name: str) -> Calendar:
        """Return the hours of this name; "" means those that usually apply to the channel."""
        return self._calendars.get(name or self._usual.get(self.facts.channel, ""), ALWAYS)

    def is_open(self, name: str) -> bool:
        """Tell whether these hours are open now."""
        return self.calendar(name).is_open(self.facts.now)

    def _text(self, field: str) -> str:
        if field.startswith(_CUSTOMER):
            return self.facts.customer.get(field[len(_CUSTOMER) :], "")
        if field == "content":
            return f"{self.facts.subject}\n{self.facts.text}"
        value: str = getattr(self.facts, field)
        return value
