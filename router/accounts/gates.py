"""A gate before each account's provider: no faster than it allows, and not at all while it is dead.

The limit is a generic cell rate algorithm (ITU-T I.371): one send a `60 / per_minute` s on average, a
burst of some seconds' worth at once. The breaker closes the gate after some failures in a row that
have nothing to do with the message, then lets one through at a time until one succeeds. What has to
wait is given a time of its own, one after the other, so that nothing is looked at again in vain.
"""

import random
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeAlias

from router.conversation import SendState
from router.sending.outbox import Result

Address: TypeAlias = tuple[str, str]
#: Takes (channel, account), a state and a reason.
Report: TypeAlias = Callable[[Address, str, str], None]

#: Most sends under way at a time for one account: a slow provider holds up nobody else.
IN_FLIGHT = 100
#: Seconds' worth of the limit that may go at once.
BURST_S = 10.0
#: Failures in a row after which the provider counts as dead, and for how long, doubled up to the longest.
FAILURES = 5
FIRST_PAUSE_S = 5.0
LONGEST_PAUSE_S = 60.0
#: What is taken for the length of a send until some were measured, and the weight of a new one.
GUESS_S = 1.0
WEIGHT = 0.1
#: Nothing that has to wait is looked at again earlier than this.
LEAST_WAIT_S = 1.0


class Gate:
    """The gate of one account in this process."""

    def __init__(self, per_minute: float = 0.0) -> None:
        """Take how many sends a minute the provider allows; 0 = no limit."""
        self._gap_s = 60.0 / per_minute if per_minute else 0.0
        self._burst_s = max(BURST_S, self._gap_s)
        self._due: datetime | None = None
        self._last_wait: datetime | None = None
        self._mean_s = GUESS_S
        self._failed: set[str] = set()
        self._pause_s = 0.0
        self._opens: datetime | None = None
        #: Sends under way.
        self.busy = 0
        #: Why nothing goes through; "" when it does.
        self.trouble = ""

    def ask(self, now: datetime) -> datetime | None:
        """Return None when one may go now, which counts as under way; else when to ask again."""
        if self._opens is not None and (now < self._opens or self.busy):
            return self._later(max(now, self._opens), GUESS_S / IN_FLIGHT)
        if self.busy >= IN_FLIGHT:
            return self._later(now, self._mean_s / IN_FLIGHT)
        if self._gap_s:
            due = max(self._due or now, now)
            if (due - now).total_seconds() > self._burst_s - self._gap_s:
                return self._later(now, self._gap_s)
            self._due = due + timedelta(seconds=self._gap_s)
        self.busy += 1
        return None

    def _later(self, earliest: datetime, gap_s: float) -> datetime:
        """Give the next free time from `earliest` on, so far apart from the one before."""
        first = earliest + timedelta(seconds=LEAST_WAIT_S)
        if self._last_wait is not None:
            first = max(first, self._last_wait + timedelta(seconds=gap_s))
        self._last_wait = first
        return first.replace(microsecond=first.microsecond // 1000 * 1000)

    def give_back(self) -> None:
        """Take back a permission that was not used."""
        self.busy -= 1

    def done(self, item: str, state: SendState, now: datetime, seconds: float, reason: str = "") -> None:
        """Learn how one went; `reason` is what admins read when the gate closes.

        One thing that fails time and again says nothing of the provider: different ones have to.
        """
        self.busy -= 1
        self._mean_s += WEIGHT * (seconds - self._mean_s)
        if state in {SendState.SENT, SendState.FAILED}:  # the provider answered, be it with no
            self._failed.clear()
            self._pause_s, self._opens, self._last_wait, self.trouble = 0.0, None, None, ""
            return
        self._failed.add(item)
        if len(self._failed) >= FAILURES:
            self._pause_s = min(LONGEST_PAUSE_S, self._pause_s * 2 or FIRST_PAUSE_S)
            wait_s = self._pause_s * random.uniform(0.9, 1.1)
            self._opens, self._last_wait = now + timedelta(seconds=wait_s), None
            self.trouble = f"{len(self._failed)} sends in a row failed: {reason}"


class Gates:
    """The gates of all accounts, made as they are needed."""

    def __init__(self) -> None:
        self._gates: dict[Address, Gate] = {}
        #: Told whenever an account's gate closes or opens.
        self.report: Report = _nobody

    def of(self, address: Address, per_minute: float) -> Gate:
        """Return the account's gate."""
        found = self._gates.get(address)
        if found is None:
            found = self._gates[address] = Gate(per_minute)
        return found

    def ask(self, address: Address, per_minute: float, now: datetime) -> datetime | None:
        """Return None when one may go now, else when to ask again."""
        return self.of(address, per_minute).ask(now)

    def give_back(self, address: Address) -> None:
        """Take back a permission that was not used."""
        self._gates[address].give_back()

    def done(self, address: Address, result: Result, now: datetime, seconds: float) -> None:
        """Learn how one went, and tell when that closes or opens the gate."""
        gate = self._gates[address]
        before = gate.trouble
        gate.done(result.item, result.state, now, seconds, result.reason)
        if gate.trouble:
            self.report(address, "degraded", f"{gate.trouble}. What waits is tried again by itself.")
        elif before:
            self.report(address, "ok", "")


def _nobody(_: Address, __: str, ___: str) -> None:
    """Tell nobody."""
