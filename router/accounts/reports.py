"""How the parts of an account are: one state a part, and the worst of them shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from msgspec import Struct

#: The worst first.
STATES = ("down", "degraded", "starting", "ok")
#: The part that sends; every other part belongs to what comes in.
SEND = "send"
RECEIVE = "receive"
#: What the service itself says of an account whose `receive` failed.
RUN = "run"


class Part(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How one part of an account is."""

    state: str
    error: str = ""
    since: datetime
    #: The cursor under which it was said; who loses that cursor knows nothing of this part any more.
    cursor: str = ""


class Parts(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All parts of an account that one process knows."""

    channel: str
    account: str
    parts: Mapping[str, Part] = {}
    last_seen_at: datetime | None = None


class Report(Struct, frozen=True, kw_only=True):
    """How an account is, as health shows it."""

    channel: str
    account: str
    state: str = "starting"
    error: str = ""
    since: datetime | None = None
    last_seen_at: datetime | None = None


class Reports:
    """What this process knows of one account."""

    def __init__(self, channel: str, account: str, since: datetime) -> None:
        """Start with nothing known."""
        self.channel, self.account, self.since = channel, account, since
        self._parts: dict[str, Part] = {}
        self._last_seen_at: datetime | None = None

    def say(self, part: str, state: str, error: str = "", *, now: datetime, cursor: str = "") -> None:
        """Take how the part is now; since when it is so stays as long as the state does."""
        known = self._parts.get(part)
        since = known.since if known is not None and known.state == state else now
        self._parts[part] = Part(state=state, error=error, since=since, cursor=cursor)
        if state == "ok":
            self.seen(now)
            if part != SEND:  # it comes in again: the failure of the last try is over
                self._parts.pop(RUN, None)

    def seen(self, now: datetime) -> None:
        """Note that the provider answered or a message came."""
        self._last_seen_at = now

    def leave(self, cursor: str) -> None:
        """Forget what was said under this cursor: another process holds it, and tells how it is."""
        self._parts = {
            name: part for name, part in self._parts.items() if part.cursor != cursor and name != RUN
        }

    def parts(self) -> Parts:
        """Return what is known here."""
        return Parts(
            channel=self.channel,
            account=self.account,
            parts=dict(self._parts),
            last_seen_at=self._last_seen_at,
        )


def worst(known: Sequence[Parts]) -> Report | None:
    """Return the worst of all that is known of one account, by whomever; None when nothing is."""
    parts = [part for one in known for part in one.parts.values()]
    if not parts:
        return None
    shown = min(parts, key=lambda part: (_rank(part.state), part.since))
    seen = (one.last_seen_at for one in known if one.last_seen_at is not None)
    return Report(
        channel=known[0].channel,
        account=known[0].account,
        state=shown.state,
        error=shown.error,
        since=shown.since,
        last_seen_at=max(seen, default=None),
    )


def _rank(state: str) -> int:
    return STATES.index(state) if state in STATES else 1
