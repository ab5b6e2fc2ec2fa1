"""People with telephones: whether they answer, what they press, how long they talk."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Mood(StrEnum):
    """What happens when somebody's telephone rings."""

    ANSWERS = "answers"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    MACHINE = "machine"
    #: The number cannot be reached.
    FAILED = "failed"


@dataclass
class Person:
    """Somebody with a telephone."""

    number: str
    name: str = ""
    mood: Mood = Mood.ANSWERS
    #: Moods of the next calls, first come first served; then `mood` again.
    moods: list[Mood] = field(default_factory=list)
    #: What they press when asked: keys one after the other; when they run out, `habit` decides.
    keys: list[str] = field(default_factory=list)
    #: What they say when words are asked for.
    speech: list[str] = field(default_factory=list)
    #: Seconds that they talk once connected.
    talk_s: int = 20
    #: True for those whose ears the ledger follows.
    customer: bool = False
    #: Everything they heard, in order.
    heard: list[str] = field(default_factory=list)

    def next_mood(self) -> Mood:
        """Return what happens this time."""
        return self.moods.pop(0) if self.moods else self.mood

    def press(self, asked: Mapping[str, str], habit: Callable[[Mapping[str, str]], str]) -> str:
        """Return the keys that are pressed at a Gather with these attributes; "" = none."""
        return self.keys.pop(0) if self.keys else habit(asked)


def obliging(person: Person) -> Callable[[Mapping[str, str]], str]:
    """Return the habit of a person who presses 1, or types their number where more than a key is asked for.

    Where words are asked for, and they have none, they press nothing.
    """
    number = "00" + person.number.lstrip("+")

    def habit(asked: Mapping[str, str]) -> str:
        if "speech" in asked.get("input", "dtmf"):
            return ""
        return "1" if asked.get("numDigits") == "1" else number

    return habit
