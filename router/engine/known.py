"""What is known of one channel: how long answers take, when work comes, how far promises were off."""

from collections.abc import Iterable
from math import exp

from msgspec import Struct

#: Handling time before anything is known (s).
HANDLE_S = 600.0
HOURS = 168
#: So many weeks of the alike hours are mixed into each hour of the week.
SHRINK_WEEKS = 2
#: Time constant of the fast count of arrivals (s).
FAST_S = 2700.0
#: Spread of the drain rate from day to day, squared, before anything is known.
KAPPA2 = 0.35**2
#: Real ÷ reckoned time to drain: what the guess of 1 weighs (s), and the limits.
RATIO_PRIOR_S = 12000.0
RATIO_LEAST, RATIO_MOST = 0.4, 2.0


class Need(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How much of a channel's work needs the same of an agent at the same priority."""

    #: As in `router.conversation.lane_name`, and the rank of its priority (0 = urgent).
    lane: str
    rank: int
    count: float = 0.0
    #: Mean response-time target (s of the wall clock): work with less of it overtakes.
    target_s: float = 0.0


class Drift(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How work drained, held against what was reckoned from people and work alone."""

    #: How far it was off from one day to the next, relative to the time to drain, squared.
    kappa2: float = KAPPA2
    count: int = 0
    #: Open seconds until the answer less the handling time, and those reckoned, of the last answers.
    real_s: float = 0.0
    reckoned_s: float = 0.0

    @property
    def ratio(self) -> float:
        """Return how long draining takes, relative to what is reckoned."""
        found = (self.real_s + RATIO_PRIOR_S) / (self.reckoned_s + RATIO_PRIOR_S)
        return min(max(found, RATIO_LEAST), RATIO_MOST)


class Learnt(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The learnt state of one channel; small enough for one document."""

    channel: str
    #: Answers counted, all in all.
    answers: int = 0
    handle_s: float = HANDLE_S
    handled: int = 0
    #: The hour (since 1970) that arrivals are counted in now, and how many it has.
    hour: int = -1
    within: int = 0
    #: Mean arrivals of each hour of the week (UTC, 0 = Thursday 00:00 as in 1970), and of how many weeks.
    profile: tuple[float, ...] = ()
    weeks: tuple[int, ...] = ()
    #: Arrivals an hour of late, and when that was brought up to date (s since 1970).
    fast: float = 0.0
    fast_at: float = 0.0
    needs: tuple[Need, ...] = ()
    #: (actual − expected) ÷ spread of the last answers, newest last: all, those that came closed, by queue.
    scores: tuple[float, ...] = ()
    closed: tuple[float, ...] = ()
    queues: dict[str, tuple[float, ...]] = {}
    #: The allowed share of misses, relative to what the level says.
    tilt: float = 1.0
    #: Of what came in open hours and had an owner, what was shared by many then, and what came closed.
    drift: Drift = Drift()
    drift_shared: Drift = Drift()
    drift_closed: Drift = Drift()
    #: Open seconds until the last answers, newest last.
    actuals: tuple[float, ...] = ()
    #: When the last answers were given (s since 1970), newest last.
    answered_at: tuple[float, ...] = ()

    @classmethod
    def start(cls, channel: str) -> "Learnt":
        """Return the state of a channel of which nothing is known."""
        return cls(channel=channel)

    def hourly(self) -> list[float]:
        """Return expected arrivals of each hour of the week, each shrunk by two weeks of its kind of day and hour.

        Where no alike hour was ever seen, the mean of all hours stands for it.
        """
        if not any(self.weeks):
            return [0.0] * HOURS
        overall = _mean(self, range(HOURS))
        usual = {
            (weekend, clock): _mean(self, [24 * day + clock for day in _DAYS[weekend]])
            for weekend in (False, True)
            for clock in range(24)
        }
        found = []
        for hour, (weeks, mean) in enumerate(zip(self.weeks, self.profile, strict=True)):
            alike = usual[hour // 24 in _WEEKEND, hour % 24]
            shrunk = overall if alike is None else alike
            found.append((weeks * mean + SHRINK_WEEKS * (shrunk or 0.0)) / (weeks + SHRINK_WEEKS))
        return found

    def lately(self, at: float) -> float:
        """Return arrivals an hour over the last three quarters, at this time (s since 1970)."""
        passed = at - self.fast_at
        return self.fast * exp(-passed / FAST_S) if passed > 0 else self.fast


#: Saturday and Sunday, counted from Thursday.
_WEEKEND = frozenset({2, 3})
_DAYS = {False: (0, 1, 4, 5, 6), True: (2, 3)}


def _mean(state: Learnt, hours: Iterable[int]) -> float | None:
    total = weeks = 0.0
    for hour in hours:
        total += state.weeks[hour] * state.profile[hour]
        weeks += state.weeks[hour]
    return total / weeks if weeks else None


def hour_of_week(seconds: float) -> int:
    """Return the hour of the week (0 = Thursday 00:00 UTC) of an instant in seconds since 1970."""
    return int(seconds // 3600) % HOURS
