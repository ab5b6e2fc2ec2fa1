"""Everybody in the rules agrees to notes in their name, on every channel: for tests of what notes do."""

from datetime import UTC, datetime

from router.house import House
from router.ports import Store
from router.voice import consent
from router.voice.consent import Consent

#: They are invented, and saw nothing.
YES = Consent(at=datetime(2026, 11, 23, tzinfo=UTC), version="test")


async def all_agree(store: Store, house: House) -> None:
    """Record everybody's yes on every channel that is set up; those who agreed already are left alone."""
    known = await consent.voices(store)
    for person in house.book.people:
        for channel in {channel for channel, _ in house.accounts} - known.get(person, frozenset()):
            await consent.agree(store, person, channel, YES)
