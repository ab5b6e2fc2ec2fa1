"""What somebody agreed to and the log of it are written apart: a crash between the two loses neither."""

from collections.abc import Sequence
from datetime import timedelta

import pytest

from router.conversation import Event
from router.errors import StoreDown
from router.testing import ManualClock, MemoryStore
from router.voice import consent
from router.voice.consent import Consent
from tests.support.world import MONDAY_NOON

YES = Consent(at=MONDAY_NOON, version="v1")


class Torn(MemoryStore):
    """A store that dies when the log is written, until it is mended."""

    down = True

    async def append(self, events: Sequence[Event]) -> None:
        """Fail while down."""
        if self.down:
            raise StoreDown
        await super().append(events)


async def lines(store: MemoryStore) -> list[tuple[str, str, object]]:
    """Return what the log says: who, where, and whether they agreed."""
    return [(one.agent, one.channel, one.data["agreed"]) for _, one in await store.log(after=0, limit=10)]


@pytest.fixture
def store() -> Torn:
    """Return a store that is down for the log."""
    return Torn(ManualClock(MONDAY_NOON))


async def test_a_yes_that_a_crash_kept_from_the_log_is_logged_at_the_next_look(store: Torn) -> None:
    """It is in force at once, and in the log once, however often it is looked at."""
    with pytest.raises(StoreDown):
        await consent.agree(store, "maria", "email", YES)
    assert await consent.voices(store) == {"maria": frozenset({"email"})}
    assert consent.said(await store.record(consent.KIND, "maria")) == {"email": YES}
    store.down = False
    for _ in range(3):
        await consent.settled(store, "maria")
    assert await lines(store) == [("maria", "email", True)]
    assert consent.said(await store.record(consent.KIND, "maria")) == {"email": YES}


async def test_a_no_that_a_crash_kept_from_the_log_comes_before_the_next_yes(store: Torn) -> None:
    """The log tells all of it in its order."""
    store.down = False
    await consent.agree(store, "maria", "email", YES)
    store.down = True
    with pytest.raises(StoreDown):
        await consent.withdraw(store, "maria", "email", MONDAY_NOON + timedelta(hours=1))
    assert await consent.voices(store) == {}
    store.down = False
    await consent.agree(store, "maria", "email", Consent(at=MONDAY_NOON + timedelta(hours=2), version="v2"))
    assert await lines(store) == [("maria", "email", agreed) for agreed in (True, False, True)]
