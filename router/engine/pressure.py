"""Work that is expected to come and be served first: by priority, and by how little time it leaves."""

from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct

from router.engine.known import HOURS, Learnt, Need, hour_of_week

#: More than so many times the usual arrivals are not believed to last.
SURGE_MOST = 3.0
_HOUR = 3600.0


class Stream(Struct, frozen=True):
    """Arrivals of one channel: expected in each hour of the week, and lately."""

    hourly: Sequence[float]
    #: Lately ÷ usually, between 1 and `SURGE_MOST`.
    surge: float


def stream(learnt: Learnt, at: float, hourly: Sequence[float] | None = None) -> Stream:
    """Return the arrivals of a channel as known at an instant (s since 1970); `hourly` if already worked out."""
    lately = learnt.lately(at)
    if not any(learnt.weeks):
        return Stream([lately] * HOURS, 1.0)
    expected = learnt.hourly() if hourly is None else hourly
    usual = expected[hour_of_week(at)]
    return Stream(expected, min(max(lately / usual, 1.0), SURGE_MOST) if usual > 0 else 1.0)


class Pressure:
    """Expected work for one team that overtakes, as people needed for it (work seconds a second)."""

    def __init__(
        self,
        learnt: Mapping[str, Learnt],
        streams: Mapping[str, Stream],
        weigh: Callable[[str, Need], float],
    ) -> None:
        """Take the channels; `weigh` gives the share of a need's work that is the team's."""
        self._streams = [streams[name] for name in learnt]
        weights: dict[tuple[int, float], list[float]] = {}
        for place, state in enumerate(learnt.values()):
            total = sum(need.count for need in state.needs)
            for need in state.needs:
                share = weigh(state.channel, need)
                if share:
                    row = weights.setdefault((need.rank, need.target_s), [0.0] * len(learnt))
                    row[place] += share * need.count / total * state.handle_s
        #: (rank, target) in order; work a message of each channel brings, up to there.
        self._keys = sorted(weights)
        self._weights = [weights[key] for key in self._keys]
        self._columns: dict[int, tuple[list[float], list[float], float]] = {}

    def rate(self, at: float, key: tuple[int, float], *, surge: bool) -> float:
        """Return how many people what overtakes needs at an instant; more in a surge of arrivals."""
        place = self._place(at, key)
        if place == 0:
            return 0.0
        hourly, _, lift = self._column(place)
        found = hourly[hour_of_week(at)]
        return found * lift if surge else found

    def arriving(self, start: float, end: float, key: tuple[int, float]) -> float:
        """Return the work (s) that comes between two instants and is served first.

        What has a longer target must come earlier to be due before.
        """
        rank, due = key
        place = self._place(start, key)
        first = bisect_left(self._keys, (rank, 0.0), hi=place)
        total = self._upto(first, end) - self._upto(place, start)
        for one in range(first, place):
            until = min(end, due - self._keys[one][1])
            total += self._upto(one + 1, until) - self._upto(one, until)
        return max(total, 0.0)

    def _upto(self, place: int, at: float) -> float:
        """Return the work of the first needs from the beginning of 1970's hours to an instant."""
        if place == 0:
            return 0.0
        sums = self._column(place)[1]
        hours, rest = divmod(at, _HOUR)
        weeks, slot = divmod(int(hours), HOURS)
        return weeks * sums[HOURS] + sums[slot] + (sums[slot + 1] - sums[slot]) * rest / _HOUR

    def _place(self, at: float, key: tuple[int, float]) -> int:
        """Return how many of the needs overtake what has this rank and must be done by then."""
        rank, due = key
        return bisect_left(self._keys, (rank, due - at))

    def _column(self, place: int) -> tuple[list[float], list[float], float]:
        """Return, of the first needs, people needed in each hour of the week, work up to it, and the surge."""
        found = self._columns.get(place)
        if found is None:
            found = self._columns[place] = self._made(place)
        return found

    def _made(self, place: int) -> tuple[list[float], list[float], float]:
        weights = [sum(column) for column in zip(*self._weights[:place], strict=True)]
        pairs = list(zip(weights, self._streams, strict=True))
        work = [sum(weight * one.hourly[hour] for weight, one in pairs) for hour in range(HOURS)]
        sums = [0.0]
        for each in work:
            sums.append(sums[-1] + each)
        usual = sum(weight * sum(one.hourly) for weight, one in pairs)
        lifted = sum(weight * sum(one.hourly) * one.surge for weight, one in pairs)
        return [each / _HOUR for each in work], sums, lifted / usual if usual else 1.0


#: Nothing is expected to overtake.
NONE = Pressure({}, {}, lambda _channel, _need: 0.0)
