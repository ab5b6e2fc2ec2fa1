import re
from pathlib import Path

import pytest

from rules import examples
from rules.conditions import FIELDS, OPERATORS
from rules.format import AGENT, CHANNEL, THEN
from rules.load import read

GUIDE = (Path(__file__).parents[3] / "docs" / "how-to-rules.md").read_text(encoding="utf-8")
WHOLE, *PARTS = re.findall(r"^```yaml\n(.*?)^```$", GUIDE, flags=re.MULTILINE | re.DOTALL)


def without(text: str, sections: set[str]) -> str:
    """Return a file without some of its top-level sections."""
    blocks = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    return "".join(block for block in blocks if block.split(":")[0] not in sections)


def merged(part: str) -> str:
    """Return the guide's whole file with the sections of a part in place of its own, its hours kept."""
    sections = {
        block.split(":")[0] for block in re.split(r"^(?=\w)", part, flags=re.MULTILINE) if block.strip()
    }
    if "hours" in sections:
        return WHOLE.replace("hours:\n", part, 1)
    return without(WHOLE, sections | {"examples"}) + part


def test_the_whole_file_loads_without_complaint() -> None:
    """The file that the guide begins with has no problems, and its examples hold."""
    book = read(WHOLE, source="guide", channels=[])
    assert [*book.warnings, *examples.run(book)] == []


@pytest.mark.parametrize("part", PARTS)
def test_every_part_loads_in_its_place(part: str) -> None:
    """Each section that the guide shows can be pasted into the whole file, and its examples hold."""
    book = read(merged(part), source="guide", channels=[])
    assert [*book.warnings, *examples.run(book)] == []


def test_the_guide_speaks_of_everything() -> None:
    """Every field, operator and setting is in the guide."""
    named = set(re.findall(r"`([a-z_]+)[`.:]|^\s+([a-z_]+):", GUIDE, flags=re.MULTILINE))
    known = {word for pair in named for word in pair}
    assert {*FIELDS, *OPERATORS, *THEN.fields, *CHANNEL.fields, *AGENT.fields} <= known
