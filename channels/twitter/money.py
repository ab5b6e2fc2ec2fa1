"""What X costs, and the meter that counts it for each UTC day.

The prices are those of X's pay-per-use plan; reads are charged once a resource and day.
"""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from channels.port import Host

#: Millionths of a dollar.
DOLLAR = 1_000_000
#: Read: a post of our own timelines, a direct message, a person; heard of by the activity API.
OWNED_READ, DM_READ, USER_READ = 1_000, 10_000, 10_000
POST_EVENT, DM_EVENT = 5_000, 10_000
#: Written: an answer to somebody who called us, a post with a URL, another post, a direct message.
SUMMONED, WITH_URL, POST, DM = 10_000, 200_000, 15_000, 15_000
#: Reads remembered, so that the same is not counted twice on one day.
_MOST_READS = 50_000
#: The days are kept for so long, for people to look at.
_KEEP_S = 40 * 86_400.0
_TRIES = 8


class Meter:
    """Counts what the account spends, for all processes of the fleet."""

    def __init__(self, host: Host, budget: int, reserve: int) -> None:
        """Take the budget of a day (0 = none) and what people's answers may take beyond it."""
        self._host, self._budget, self._reserve = host, budget, reserve
        self._day = ""
        self._spent = 0
        self._read: set[str] = set()
        self._said = ""

    async def reads(self, priced: Iterable[tuple[str, int]]) -> None:
        """Count resources read, each by its name and price, once a day."""
        self._today()
        fresh = {name: price for name, price in priced if name not in self._read}
        if len(self._read) < _MOST_READS:
            self._read.update(fresh)
        await self.spend(sum(fresh.values()))

    async def spend(self, amount: int) -> None:
        """Count so many millionths of a dollar."""
        if not amount:
            return
        name = f"spent:{self._today()}"
        for _ in range(_TRIES):
            memo = await self._host.recall(name)
            total = int(memo.value or "0") + amount
            if await self._host.remember(name, str(total), memo.version, keep_s=_KEEP_S):
                self._spent = total
                break
        else:
            self._spent += amount  # others were faster each time; what we know is at least this
        self._say()

    async def left(self, *, person: bool = False) -> int | None:
        """Return what may still be spent today, for people's answers with the reserve; None = any amount."""
        if not self._budget:
            return None
        memo = await self._host.recall(f"spent:{self._today()}")
        self._spent = max(self._spent, int(memo.value or "0"))
        self._say()
        return self._budget + (self._reserve if person else 0) - self._spent

    def until_midnight_s(self) -> float:
        """Return the seconds until a new day's budget begins."""
        now = self._host.clock.now().astimezone(UTC)
        midnight = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return (midnight - now).total_seconds()

    def _today(self) -> str:
        day = _day(self._host.clock.now())
        if day != self._day:
            self._day, self._spent, self._read = day, 0, set()
        return day

    def _say(self) -> None:
        over = bool(self._budget) and self._spent >= self._budget
        words = self._words() if over else ""
        if words != self._said:
            self._said = words
            self._host.report("degraded" if over else "ok", words, part="budget")

    def _words(self) -> str:
        """Say what rests and until when; the amount is left out, so that it is said once."""
        where = f"channels.{self._host.channel}.{self._host.account}.budget"
        return (
            f"today's budget of ${self._budget / DOLLAR:.2f} for X is spent: polling and automatic notes rest "
            f"until 00:00 UTC. Raise {where} to go on; "
            f"people's answers still go out up to ${self._reserve / DOLLAR:.2f} more."
        )


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()
