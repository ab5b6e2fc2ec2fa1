"""What Slack refuses in a message: too many blocks, texts too long, forms it does not know."""

from typing import Any

from sandbox.slack.workspace import texts

BLOCKS, SECTION, FIELDS, FIELD, HEADER = 50, 3000, 10, 2000, 150
ELEMENTS, BUTTON, VALUE, ACTION, URL = 25, 75, 2000, 255, 3000
TEXT, TOGETHER = 40_000, 13_200
TYPES = frozenset({"actions", "context", "divider", "header", "section"})


def objection(text: str, blocks: Any) -> str:
    """Return the error with which Slack refuses; "" when it takes the message."""
    if not text and not blocks:
        return "no_text"
    if len(text) > TEXT:
        return "msg_too_long"
    if not isinstance(blocks, list) or len(blocks) > BLOCKS or not all(_fits(block) for block in blocks):
        return "invalid_blocks"
    if sum(len(one["text"]) for one in texts(blocks)) > TOGETHER:
        return "msg_blocks_too_long"
    return ""


def _fits(block: Any) -> bool:
    if not isinstance(block, dict) or block.get("type") not in TYPES:
        return False
    kind = block["type"]
    if kind == "section":
        fields = block.get("fields", [])
        return (
            ("text" in block or bool(fields))
            and ("text" not in block or _text(block["text"], SECTION))
            and len(fields) <= FIELDS
            and all(_text(field, FIELD) for field in fields)
        )
    if kind == "header":
        return _text(block.get("text"), HEADER) and block["text"]["type"] == "plain_text"
    if kind == "actions":
        elements = block.get("elements", [])
        names = [one.get("action_id") for one in elements]
        return 0 < len(elements) <= ELEMENTS and len(set(names)) == len(names) and all(map(_button, elements))
    return True


def _text(found: Any, most: int) -> bool:
    if not isinstance(found, dict) or found.get("type") not in {"mrkdwn", "plain_text"}:
        return False
    if "emoji" in found and found["type"] != "plain_text":
        return False
    if "verbatim" in found and found["type"] != "mrkdwn":
        return False
    return isinstance(found.get("text"), str) and 0 < len(found["text"]) <= most


def _button(found: Any) -> bool:
    return (
        isinstance(found, dict)
        and found.get("type") == "button"
        and _text(found.get("text"), BUTTON)
        and found["text"]["type"] == "plain_text"
        and len(found.get("action_id", "")) <= ACTION
        and len(found.get("value", "")) <= VALUE
        and len(found.get("url", "")) <= URL
        and found.get("style", "primary") in {"primary", "danger"}
    )
