"""Writes the description of a rules file as JSON Schema, so that editors complete and explain it."""

import json
from typing import Any

from rules.format import FILE
from rules.when import definitions


def document() -> dict[str, Any]:
    """Return the JSON Schema of a rules file."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Handleby rules",
        "description": "Who answers what, and by when. Generated: `python -m rules.schema > rules/schema.json`.",
        **FILE.schema(),
        "$defs": definitions(),
    }


def render() -> str:
    """Return it as text, the same on every machine."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    import sys

    sys.stdout.write(render())
