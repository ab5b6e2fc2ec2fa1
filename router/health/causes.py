"""Everything that is wrong: with the machinery, with the work, and what parts say of themselves."""

from collections.abc import Iterator

from router.health import machine, work
from router.health.cause import Cause
from router.health.signals import Signals


def causes(signals: Signals) -> list[Cause]:
    """Return everything that is wrong, in no order."""
    looks = (*machine.LOOKS, *work.LOOKS, _told)
    return [cause for look in looks for cause in look(signals)]


def _told(signals: Signals) -> Iterator[Cause]:
    for told in signals.told:
        yield Cause(
            key=f"told {told.key}",
            text=told.text,
            audience=told.audience,
            impact=told.impact,
            next=told.next,
            since=told.since,
        )
