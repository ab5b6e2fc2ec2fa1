"""What was promised, by the engine and by simpler methods beside it, and when the answer came."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import sqrt
from statistics import fmean
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from benchmarks.promise.scenario import Arrival
from benchmarks.promise.service import Service
from router.conversation import Conversation
from router.engine.drain import instant, open_seconds
from router.engine.forecast import Outlook
from router.engine.pressure import NONE
from router.engine.reckon import HANDLE_CV2, figures_of
from router.engine.rounding import SOONEST, Dial
from rules.hours import Calendar

#: Ours as said first, ours as said last (after renewals), and the methods beside it.
METHODS = ("engine", "renewed", "static target", "queue length", "mean wait × 2", "last wait × 2")
#: Waits that the mean is taken of, and the normal quantile for 95 %.
RECENT = 50
Q95 = 1.6449
_UTC = ZoneInfo("UTC")


class Said(Struct, frozen=True):
    """What one method would have promised, and the open seconds until then."""

    at: datetime
    open_s: float


class Judged(Struct):
    """One message: what was promised, and when it was answered."""

    number: int
    channel: str
    arrived: datetime
    due: datetime
    spike: bool
    said: dict[str, Said]
    actual_s: float = 0.0
    #: Open seconds from the answer to each promised time; below 0 = late.
    slack: dict[str, float] = {}


class Simple:
    """The methods beside the engine; they learn from the waits that have ended."""

    def __init__(self) -> None:
        """Begin with nothing known."""
        self._waits: dict[str, deque[float]] = {}

    def said(
        self, channel: str, now: datetime, due: datetime, outlook: Outlook | None, hours: Sequence[Calendar]
    ) -> dict[str, Said]:
        """Return what each method promises; as long as it knows nothing, the target."""
        waits = self._waits.get(channel)
        lengths = {
            "static target": None,
            "mean wait × 2": 2 * fmean(waits) if waits else None,
            "last wait × 2": 2 * waits[-1] if waits else None,
        }
        found = {}
        if outlook is not None:
            lengths["queue length"] = _queue_length(outlook, now, due)
        for name, seconds in lengths.items():
            if seconds is None or outlook is None:
                at = due
            else:
                raw = instant(outlook.staff.plan.after(now.timestamp(), seconds))
                at = Dial(now, hours[0].zone if hours else _UTC).after(max(raw, now + SOONEST))
            found[name] = Said(at, open_seconds(hours, now, at))
        return found

    def ended(self, judged: Judged, at: datetime, hours: Sequence[Calendar]) -> None:
        """Judge every promise of a message that is answered now, and learn from the wait."""
        judged.actual_s = open_seconds(hours, judged.arrived, at)
        self._waits.setdefault(judged.channel, deque(maxlen=RECENT)).append(judged.actual_s)
        for name, one in judged.said.items():
            late = open_seconds(hours, one.at, at)
            judged.slack[name] = open_seconds(hours, at, one.at) if at <= one.at else -max(late, 1.0)


class Judge:
    """Writes down promises as they are made in a run, and judges them as answers come."""

    def __init__(self, service: Service) -> None:
        """Begin with nothing promised."""
        self._service, self._simple = service, Simple()
        self._open: dict[str, tuple[Judged, list[Calendar]]] = {}
        self._done: list[Judged] = []
        self._count = 0

    def arrived(self, one: Conversation, arrival: Arrival) -> None:
        """Write down what the simpler methods say of a conversation that has just been decided."""
        now, forecast, book = self._service.clock.now(), self._service.house.forecast, self._service.book
        outlook = forecast.outlook(one, now) if forecast is not None else None
        if outlook is None or one.due_at is None:
            return
        hours = [book.calendar_of(person) for name in outlook.people if (person := book.person(name))]
        said = self._simple.said(one.channel, now, one.due_at, outlook, hours)
        judged = Judged(self._count, one.channel, now, one.due_at, arrival.spike, said)
        self._count += 1
        self._open[one.id] = (judged, hours)

    async def read(self) -> None:
        """Take over from the log which waits have ended."""
        for line in await self._service.lines():
            if line.kind != "waited" or not str(line.data.get("how", "")).startswith("answered"):
                continue
            if line.conversation not in self._open:
                continue
            judged, hours = self._open.pop(line.conversation)
            for name, which in (("engine", "first"), ("renewed", "last")):
                if line.data.get(which):
                    at = datetime.fromisoformat(line.data[which])
                    judged.said[name] = Said(at, open_seconds(hours, judged.arrived, at))
            self._simple.ended(judged, line.at, hours)
            self._done.append(judged)

    def done(self) -> list[Judged]:
        """Return all messages that were answered, in order of arrival."""
        return sorted(self._done, key=lambda one: one.number)


def _queue_length(outlook: Outlook, now: datetime, due: datetime) -> float:
    """Return the gamma 95 % quantile of a plain queue: work ahead only, nothing that comes later, nothing learnt.

    The quantile is that of Wilson and Hilferty (1931).
    """
    plain = replace(outlook, pressure=NONE)
    parts = figures_of(plain, now.timestamp(), due.timestamp(), 0.95)
    handle, drain = parts.handle_s, parts.drain_s / parts.correction
    spread = sqrt(HANDLE_CV2 * handle**2 + (1 + HANDLE_CV2) * drain * handle / parts.people)
    inverse = (spread / (drain + handle)) ** 2 / 9
    return max((drain + handle) * (1 - inverse + Q95 * sqrt(inverse)) ** 3, SOONEST / timedelta(seconds=1))
