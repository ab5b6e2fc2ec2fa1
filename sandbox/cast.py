"""The made-up customers: who they are, what they write and what they are answered; read from `cast.yaml`."""

import random
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

FILE = Path(__file__).with_name("cast.yaml")

#: Which channels the crowd uses, and how often.
CROWD = {"webchat": 5, "email": 4, "twitter": 3, "facebook": 3, "forum": 2, "phone": 1}


class Step(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that a customer says, and what becomes of it."""

    say: str
    #: What the team answers; "" = nobody has to.
    answer: str = ""
    #: What the customer waits for before the next step; "" = the answer, where there is to be one.
    wait: Literal["answer", "note", "none", ""] = ""
    #: Real seconds before the step.
    pause_s: float = 0.0
    #: Agent id of who answers; "" = whoever has it.
    who: str = ""
    #: True = in the provider's own app.
    native: bool = False
    #: The team lets it lie for so many real seconds.
    late_s: float = 0.0
    #: True where the customer is called: nobody answers in writing.
    call: bool = False


class Story(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What happens to one customer."""

    title: str
    channel: str
    customer: str
    #: Whether others can read it, where the provider has both.
    public: bool = False
    steps: tuple[Step, ...]


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something that anybody may ask, and the answer."""

    say: str
    answer: str


class Crowd(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Those without a story."""

    names: tuple[str, ...]
    questions: tuple[Question, ...]
    thanks: tuple[str, ...]


class Cast(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everybody."""

    organisation: str
    stories: tuple[Story, ...]
    crowd: Crowd
    #: By language: the answer to whoever is in no story.
    unscripted: dict[str, str]


def load(path: Path = FILE) -> Cast:
    """Read the cast. Raises msgspec.ValidationError, naming the place."""
    return msgspec.yaml.decode(path.read_bytes(), type=Cast)


def stories(cast: Cast, channels: frozenset[str], seed: int) -> Iterator[Story]:
    """Yield stories without end, by chance: those of the cast once a round, the crowd between them."""
    chance = random.Random(seed)
    told = [one for one in cast.stories if one.channel in channels]
    used = {name: share for name, share in CROWD.items() if name in channels}
    if not used:
        return
    while True:
        for story in chance.sample(told, len(told)):
            yield _numbered(story, chance)
            for _ in range(chance.randint(0, 2)):
                channel = chance.choices([*used], [*used.values()])[0]
                yield _numbered(_anybody(cast.crowd, channel, chance), chance)


def _anybody(crowd: Crowd, channel: str, chance: random.Random) -> Story:
    question = chance.choice(crowd.questions)
    called = channel == "phone"
    steps = [Step(say=question.say, answer="" if called else question.answer, call=called)]
    if not called and chance.random() < 0.4:
        steps.append(Step(say=chance.choice(crowd.thanks), pause_s=chance.uniform(5, 15)))
    return Story(
        title=question.say,
        channel=channel,
        customer=chance.choice(crowd.names),
        public=chance.random() < 0.5,
        steps=tuple(steps),
    )


def _numbered(story: Story, chance: random.Random) -> Story:
    """Put the customer's own order number in."""
    order = str(chance.randint(10_000, 99_999))
    steps = tuple(
        msgspec.structs.replace(
            step, say=step.say.replace("{order}", order), answer=step.answer.replace("{order}", order)
        )
        for step in story.steps
    )
    return msgspec.structs.replace(story, steps=steps)
