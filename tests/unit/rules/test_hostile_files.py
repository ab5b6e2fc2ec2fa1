import json
import random
from collections.abc import Sequence
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from rules.load import Problem, RulesError, read, shipped_text

GUIDE = (Path(__file__).parents[3] / "docs" / "how-to-rules.md").read_text(encoding="utf-8")
WHOLE = GUIDE.split("```yaml\n")[1].split("```")[0]
SCRAPS = [
    "*",
    "&a",
    ": ",
    "- ",
    "{",
    "}",
    "[",
    "]",
    '"',
    "'",
    "\n",
    "\t",
    "#",
    "|",
    "!!x ",
    "~",
    "0",
    "no",
    "é",
    "\x00",
]


def problems_of(text: str) -> Sequence[Problem]:
    """Return what is wrong with a text; anything but a report of problems is a failure."""
    try:
        return read(text, source="f", channels=[]).warnings
    except RulesError as error:
        return error.problems or [Problem(file="f", line=0, column=0, text="a refusal without a reason")]


def placed(problems: Sequence[Problem]) -> bool:
    """Tell whether every problem has a place and a text."""
    return all(problem.line >= 1 and problem.column >= 1 and problem.text for problem in problems)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32))
def test_damaged_files_are_reported_never_raised(seed: int) -> None:
    """A file with pieces cut out, doubled or replaced loads or is reported with places."""
    chance = random.Random(seed)
    lines = (WHOLE if chance.random() < 0.7 else shipped_text()).splitlines(keepends=True)
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(len(lines))
        line = lines[place]
        cut = chance.randrange(len(line) + 1)
        scrap = chance.choice(SCRAPS)
        broken = [line[:cut] + scrap + line[cut:], line.replace(":", ": {a: b} #")]
        lines[place] = chance.choice(["", line * 2, line[:cut], line[cut:], *broken])
    assert placed(problems_of("".join(lines)))


@settings(max_examples=60, deadline=None)
@given(
    st.recursive(
        st.none()
        | st.booleans()
        | st.integers()
        | st.text(max_size=8)
        | st.sampled_from(["email", "10:00-12:00", "4h"]),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "hours",
                        "agents",
                        "queues",
                        "rules",
                        "when",
                        "then",
                        "text",
                        "is",
                        "any",
                        "name",
                        "open",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=25,
    )
)
def test_any_shape_of_file_is_reported(value: object) -> None:
    """Whatever stands where, the answer is a report."""
    problems = problems_of(json.dumps(value))  # JSON is YAML too
    assert problems
    assert placed(problems)
