"""How fast Slack may be spoken to: one message a second in each channel, and nothing while it asks us to wait."""

from datetime import datetime, timedelta

from channels.port import Clock

#: Slack takes about one message a second in a channel, with short bursts.
EACH = timedelta(seconds=1)
KEPT = 1000
#: Pauses after failures: the first, doubled up to the longest.
FIRST_S, LONGEST_S = 1.0, 15.0


class Later(Exception):  # it is no error: the work is put off
    """It is not time yet."""

    def __init__(self, at: datetime) -> None:
        """Take when it is."""
        super().__init__("not yet")
        self.at = at


class Pace:
    """What was done lately, and how Slack took it."""

    def __init__(self, clock: Clock) -> None:
        """Start rested."""
        self._clock = clock
        self._next: dict[str, datetime] = {}
        self._pause_s = FIRST_S
        #: Nothing is tried before.
        self.paused_until: datetime | None = None

    def take(self, channel: str) -> None:
        """Use the channel's turn. Raises Later when it has not come, or everything waits."""
        now = self._clock.now()
        at = max(self._next.get(channel, now), self.paused_until or now)
        if at > now:
            raise Later(at)
        self._next[channel] = now + EACH
        if len(self._next) > KEPT:
            self._next = {name: at for name, at in self._next.items() if at > now}

    def paused(self) -> bool:
        """Tell whether everything waits."""
        return self.paused_until is not None and self._clock.now() < self.paused_until

    def pause(self, seconds: float | None = None) -> None:
        """Wait so long with everything, or, when nobody says how long, longer each time."""
        if seconds is None:
            seconds = self._pause_s
            self._pause_s = min(LONGEST_S, self._pause_s * 2)
        self.paused_until = self._clock.now() + timedelta(seconds=seconds)

    def well(self) -> None:
        """Note that Slack answered as it should."""
        self._pause_s = FIRST_S
        self.paused_until = None
