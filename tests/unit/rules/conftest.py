"""A small team, so that a test has to write only the rules it speaks of."""

from collections.abc import Callable
from textwrap import dedent

import pytest

from rules.evaluate import Rulebook
from rules.load import RulesError, read

TEAM = """
version: 1
hours:
  office: {timezone: Europe/Copenhagen, open: {mon-fri: ["08:00-12:00", "12:30-16:00"]}}
  late: {timezone: Europe/Copenhagen, open: {daily: ["22:00-06:00"]}}
agents:
  maria: {name: Maria Jensen, queues: [general, billing], skills: [billing, legal], languages: [en, da]}
  tom: {name: Tom Berg, queues: [general], languages: [en, de]}
queues:
  general: {duty: [maria, tom]}
  billing: {duty: [maria], hours: office}
"""


@pytest.fixture
def book() -> Callable[[str], Rulebook]:
    """Return a function that reads rules for the small team, without the shipped ones."""

    def read_with_team(text: str) -> Rulebook:
        whole = f"{TEAM}shipped_rules: false\n{dedent(text)}"
        return read(whole, source="rules.yaml", channels=())

    return read_with_team


@pytest.fixture
def problems() -> Callable[[str], list[str]]:
    """Return a function that lists what is wrong with rules for the small team: `line:column: text`."""

    def of(text: str) -> list[str]:
        try:
            found = read(dedent(text).lstrip("\n") + TEAM, source="f", channels=()).warnings
        except RulesError as error:
            found = tuple(error.problems)
        return [str(problem).removeprefix("f:") for problem in found]

    return of
