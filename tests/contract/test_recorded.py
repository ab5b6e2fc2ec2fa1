import importlib
import json
from pathlib import Path

import pytest

from channels.registry import FOLDER

#: Every recorded payload of every channel, the template for new ones among them.
CASES = sorted(path for path in FOLDER.glob("*/testdata/*.in.*") if "__pycache__" not in path.parts)


def expected_at(path: Path) -> Path:
    """Return where it is written what the payload becomes."""
    return path.with_name(f"{path.name.partition('.in.')[0]}.out.json")


@pytest.mark.parametrize("case", CASES, ids=lambda path: f"{path.parent.parent.name}/{path.name}")
def test_a_recorded_payload_becomes_what_is_expected(case: Path) -> None:
    """What a provider sent gives exactly what is written beside it, by `parsed` of the channel's recorded.py."""
    recorded = importlib.import_module(f"channels.{case.parent.parent.name}.recorded")
    expected = json.loads(expected_at(case).read_text(encoding="utf-8"))
    assert recorded.parsed(case.read_bytes()) == expected


def test_nothing_expected_lies_about_unused() -> None:
    """Each expectation has the payload that gives it."""
    outs = set(FOLDER.glob("*/testdata/*.out.json"))
    assert outs == {expected_at(case) for case in CASES}
