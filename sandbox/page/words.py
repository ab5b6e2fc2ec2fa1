"""The words of the page: channels, faults and states as people call them."""

from collections.abc import Mapping

from msgspec import Struct

from sandbox.faults import Fault


class Look(Struct, frozen=True, kw_only=True):
    """How a provider appears."""

    title: str
    #: Who is imitated.
    provider: str
    #: A drawing, as an SVG path in a 24 by 24 box.
    icon: str
    #: Whether a customer may write in public as well as in private.
    public: bool = False


LOOKS: Mapping[str, Look] = {
    "webchat": Look(title="Web chat", provider="our own widget", icon="M4 5h16v11H10l-5 4v-4H4z"),
    "phone": Look(
        title="Phone",
        provider="Twilio",
        icon="M6 3h4l1.5 5L9 9.5a12 12 0 0 0 5.5 5.5l1.5-2.5 5 1.5v4a3 3 0 0 1-3 3A15 15 0 0 1 3 6a3 3 0 0 1 3-3z",
    ),
    "twitter": Look(title="X", provider="X", icon="M4 4l16 16M20 4 4 20", public=True),
    "facebook": Look(
        title="Facebook",
        provider="Meta",
        icon="M14 21v-8h3l.5-3.5H14v-2c0-1.5.5-2 2-2h1.5V3H15c-3 0-4.5 1.5-4.5 4.5v2H8V13h2.5v8",
        public=True,
    ),
    "email": Look(
        title="Email", provider="SMTP and IMAP", icon="M3 6h18v12H3zM3.500 6.500 12 13l8.500-6.500"
    ),
    "forum": Look(
        title="Forum",
        provider="Discourse",
        icon="M4 4h12v9H9l-4 3.500V13H4zM9 16.500h6l4 3.500v-3.500h1V8",
        public=True,
    ),
}
OTHER = Look(title="", provider="", icon="M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18z")

FAULTS: Mapping[str, str] = {
    Fault.THROTTLED: "Too many requests, come back later",
    Fault.THROTTLED_BARE: "Too many requests, without saying until when",
    Fault.BROKEN: "Out of order: a page of HTML",
    Fault.DROPPED: "Does it, then hangs up without a word",
    Fault.FAILED_AFTER: "Does it, then says that it failed",
    Fault.REFUSED: "Refuses what we send",
    Fault.SLOW: "Slow to answer",
    Fault.BLACK_HOLE: "Never answers",
    Fault.TWICE: "Tells everything twice",
    Fault.REORDERED: "Tells things in the wrong order",
    Fault.LATE: "Tells things late",
    Fault.LOST: "Forgets to tell",
    Fault.WINDOW: "The time for answers is over",
    Fault.REVOKED: "Our key is not valid any more",
}

#: How often a fault strikes, as the page offers it.
SHARES: Mapping[str, float] = {"never": 0.0, "now and then": 0.05, "often": 0.3, "always": 1.0}


def look(channel: str) -> Look:
    """Return how the channel appears; one that is new here goes by its name."""
    return LOOKS.get(channel) or Look(title=channel.title(), provider=channel, icon=OTHER.icon)


def share_name(share: float) -> str:
    """Return the offered word nearest to the share."""
    return min(SHARES, key=lambda name: abs(SHARES[name] - share))
