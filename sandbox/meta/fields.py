"""`fields=id,messages.limit(5){id,from}`: only what was asked for comes back, and the id always."""

import re
from typing import Any

from sandbox.meta import errors

_NAME = re.compile(r"[a-z_]+")


def select(row: dict[str, Any], fields: str) -> dict[str, Any]:
    """Return the row with the fields asked for; without any, only the id. Raises Trouble for a syntax error."""
    asked = _parts(fields) or {"id": ("", 0)}
    kept: dict[str, Any] = {key: row[key] for key in ("id",) if key in row}
    for name, (inner, limit) in asked.items():
        if name in row:
            kept[name] = _inner(row[name], inner, limit)
    return kept


def _inner(value: Any, fields: str, limit: int) -> Any:
    if isinstance(value, dict) and isinstance(value.get("data"), list):
        rows = value["data"]
        shown = rows[:limit] if limit else rows
        data = [select(one, fields) if fields else one for one in shown]
        return {"data": data, "paging": paging(shown, more=len(shown) < len(rows))}
    if isinstance(value, dict) and fields:
        return select(value, fields)
    return value


def paging(rows: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    """Return where a list goes on: after its last row."""
    if not rows:
        return {}
    found: dict[str, Any] = {"cursors": {"before": rows[0]["id"], "after": rows[-1]["id"]}}
    if more:
        found["next"] = "https://graph.facebook.com/next"
    return found


def _parts(fields: str) -> dict[str, tuple[str, int]]:
    """Return by name what stands in braces, and the limit (0 = none)."""
    found: dict[str, tuple[str, int]] = {}
    for part in _split(fields):
        head, _, inner = part.partition("{")
        name, *modifiers = head.strip().split(".")
        if not _NAME.fullmatch(name) or (inner and not inner.endswith("}")):
            raise errors.Trouble(2500, f"Syntax error in fields near {part!r}")
        limits = [int(one[6:-1]) for one in modifiers if one.startswith("limit(")]
        found[name] = (inner[:-1], limits[0] if limits else 0)
    return found


def _split(fields: str) -> list[str]:
    found, depth, part = [], 0, ""
    for letter in fields:
        depth += (letter == "{") - (letter == "}")
        if letter == "," and depth == 0:
            found.append(part)
            part = ""
        else:
            part += letter
    return [one for one in [*found, part] if one.strip()]
