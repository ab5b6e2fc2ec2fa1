"""Which kind of message Facebook takes now: an answer, one by a person after the window, or none."""

from datetime import datetime

from msgspec import Struct

from channels.errors import Refused
from channels.facebook.found import ADVERT, HUMAN, WINDOW
from channels.message import Outgoing


class Manner(Struct, frozen=True, kw_only=True):
    """How a message is declared to Facebook."""

    messaging_type: str
    tag: str = ""

    def fields(self) -> dict[str, str]:
        """Return what stands in the request."""
        return {"messaging_type": self.messaging_type} | ({"tag": self.tag} if self.tag else {})


ANSWER = Manner(messaging_type="RESPONSE")
#: Only for what a person wrote, and only with the feature of that name from App Review.
BY_A_PERSON = Manner(messaging_type="MESSAGE_TAG", tag="HUMAN_AGENT")


def manner(outgoing: Outgoing, now: datetime, *, human_agent: bool, advert: datetime | None = None) -> Manner:
    """Return how to send it. Raises Refused, saying what to do.

    `advert`: when the customer came by a click-to-message advert, which opens seven days.
    """
    wrote = outgoing.customer_at
    if wrote is None:
        if outgoing.automatic:
            raise Refused("The customer has not written, so Facebook allows no automatic message.")
        return ANSWER  # a person knows better; Facebook decides
    if now < wrote + WINDOW or (advert is not None and now < advert + ADVERT):
        return ANSWER
    if outgoing.automatic:
        raise Refused(
            "24 hours have passed since the customer wrote: Facebook allows no automatic message any more."
        )
    if not human_agent:
        raise Refused(
            "24 hours have passed since the customer wrote, and Facebook allows no answer any more. Ask the customer "
            "to write again, or reach them another way; with the feature Human Agent from App Review and "
            "human_agent = true people have 7 days."
        )
    if now >= wrote + HUMAN:
        raise Refused(
            "7 days have passed since the customer wrote: Facebook allows no answer any more. Ask the customer to "
            "write again, or reach them another way."
        )
    return BY_A_PERSON


def extended(outgoing: Outgoing, now: datetime, *, human_agent: bool) -> bool:
    """Tell whether what Facebook refused as too late may still go as a person's message."""
    wrote = outgoing.customer_at
    return human_agent and not outgoing.automatic and wrote is not None and now < wrote + HUMAN
