"""What fails again and again in one place: left alone for growing pauses, so that the rest goes on, and told."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from traceback import extract_tb

from msgspec import Struct

from router import log
from router.health.told import Told, tell
from router.ports import Store

logger = log.get(__name__)

#: How long it is left alone after the first failure; then twice as long each time, at most the longest.
FIRST, LONGEST = timedelta(seconds=10), timedelta(minutes=10)
#: How often health is told.
SAY_AGAIN = timedelta(seconds=10)
#: Most of them that are named, and most that are read past to get at what does not fail.
NAMED, PASSED = 3, 5_000


class Failure(Struct, frozen=True, kw_only=True):
    """How often it failed, as what it was then, and until when it is left alone."""

    name: str
    version: int
    times: int
    since: datetime
    until: datetime
    what: str


class Failing:
    """What fails in one part of the service. In memory only: a new process tries everything anew."""

    def __init__(self, part: str, impact: str) -> None:
        """Take what the part does, such as "the timers", and what it means that one thing in it fails."""
        self._part, self._impact = part, impact
        self._known: dict[str, Failure] = {}
        #: A process before this one may have said something that holds no more.
        self._said, self._says_at = True, datetime.min.replace(tzinfo=UTC)

    def __len__(self) -> int:
        """Return how many fail."""
        return len(self._known)

    def past(self, batch: int) -> int:
        """Return how many must be read, the oldest first, to find a whole batch beside what fails."""
        return batch + min(len(self._known), PASSED)

    def rests(self, key: str, now: datetime, version: int = 0) -> bool:
        """Tell whether it is left alone now; what has changed since it failed is tried at once."""
        known = self._known.get(key)
        return known is not None and known.version == version and now < known.until

    def failed(
        self,
        key: str,
        error: Exception,
        now: datetime,
        *,
        name: str = "",
        version: int = 0,
        longest: timedelta = LONGEST,
    ) -> None:
        """Leave it alone for a while. The log gets the place, and no text: an error may quote a customer."""
        known = self._known.get(key)
        times = known.times + 1 if known is not None else 1
        frames = extract_tb(error.__traceback__)
        where = f" in {Path(frames[-1].filename).name}:{frames[-1].lineno}" if frames else ""
        self._known[key] = Failure(
            name=name or key,
            version=version,
            times=times,
            since=known.since if known is not None else now,
            until=now + min(FIRST * 2 ** min(times - 1, 10), longest),
            what=f"{type(error).__name__}{where}",
        )
        what = self._known[key].what
        logger.warning("one failed, the others go on", part=self._part, which=name or key, error=what)

    def well(self, key: str) -> None:
        """Forget that it failed."""
        self._known.pop(key, None)

    async def say(self, store: Store, now: datetime) -> None:
        """Let the health of every process show what fails, as often as it takes to be believed. Raises StoreError."""
        if now < self._says_at:
            return
        told = self.told(now)
        if told or self._said:
            await tell(store, self._part, told, now)
        self._said, self._says_at = bool(told), now + SAY_AGAIN

    def told(self, now: datetime) -> list[Told]:
        """Return what health shows; what nobody has tried for long has ended some other way, and is forgotten."""
        self._known = {key: one for key, one in self._known.items() if now < one.until + LONGEST}
        if not self._known:
            return []
        found = sorted(self._known.values(), key=lambda one: one.since)
        named = ", ".join(f"{one.name} ({one.what})" for one in found[:NAMED])
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        return [
            Told(
                key=f"failing {self._part}",
                text=f"In {self._part} something fails, and the rest goes on: {named}{more}.",
                impact=self._impact,
                next="It is tried again by itself. Look after what is named by hand, and report this line.",
                since=found[0].since,
            )
        ]
