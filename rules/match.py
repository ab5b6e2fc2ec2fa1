"""Conditions: each tells quickly whether it holds, and, when asked, says why in words."""

from collections.abc import Callable, Sequence
from typing import TypeAlias

from msgspec import Struct

from rules.view import View

Check: TypeAlias = Callable[[View], bool]
Reason: TypeAlias = Callable[[View], str]


class Condition(Struct, frozen=True, kw_only=True):
    """Something that holds for a message or does not."""

    check: Check
    #: Why it holds, for a message for which it does; and why not, for the others.
    yes: Reason
    no: Reason
    #: Equal for conditions that say the same.
    key: str
    #: What must hold, whatever the message; and what must hold where it must not.
    says: str
    denies: str


def every(parts: Sequence[Condition]) -> Condition:
    """Return a condition that holds when all parts do; with no parts, always."""
    checks = tuple(part.check for part in parts)

    def check(view: View) -> bool:
        for one in checks:  # noqa: SIM110  # a plain loop is twice as fast as all()
            if not one(view):
                return False
        return True

    return Condition(
        check=checks[0] if len(checks) == 1 else check,
        yes=lambda view: joined([part.yes(view) for part in parts], "and") or "it holds for every message",
        no=lambda view: next(part.no(view) for part in parts if not part.check(view)),
        key=parts[0].key if len(parts) == 1 else f"all({','.join(sorted({part.key for part in parts}))})",
        says=_listed([part.says for part in parts], "and") or "any message",
        denies=_listed([part.denies for part in parts], "or") or "no message",
    )


def some(parts: Sequence[Condition]) -> Condition:
    """Return a condition that holds when at least one part does."""
    checks = tuple(part.check for part in parts)

    def check(view: View) -> bool:
        for one in checks:  # noqa: SIM110  # a plain loop is twice as fast as any()
            if one(view):
                return True
        return False

    return Condition(
        check=checks[0] if len(checks) == 1 else check,
        yes=lambda view: next(part.yes(view) for part in parts if part.check(view)),
        no=lambda view: joined([part.no(view) for part in parts], "and"),
        key=parts[0].key if len(parts) == 1 else f"any({','.join(sorted({part.key for part in parts}))})",
        says=_listed([part.says for part in parts], "or"),
        denies=_listed([part.denies for part in parts], "and"),
    )


def negate(part: Condition) -> Condition:
    """Return a condition that holds when the part does not."""
    inner = part.check
    return Condition(
        check=lambda view: not inner(view),
        yes=part.no,
        no=part.yes,
        key=f"not({part.key})",
        says=part.denies,
        denies=part.says,
    )


def _listed(parts: Sequence[str], last: str) -> str:
    """Join whole conditions; those that are lists themselves are set off."""
    if len(parts) < 2:
        return "".join(parts)
    other = " or " if last == "and" else " and "
    return f" {last} ".join(f"({part})" if other in part else part for part in parts)


def joined(parts: Sequence[str], last: str) -> str:
    """Join parts for a sentence: `a, b and c`."""
    if len(parts) < 2:
        return "".join(parts)
    return f"{', '.join(parts[:-1])} {last} {parts[-1]}"
