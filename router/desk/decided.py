"""What the API shows of a decision of the rules."""

from datetime import datetime

from msgspec import Struct

from router.conversation import Decision


class DecisionView(Struct, frozen=True, kw_only=True):
    """What the rules decided, and why."""

    at: datetime
    #: Content hash of the rules that held.
    version: str
    #: Name of the deciding rule; "" when the channel's defaults held.
    rule: str
    rules: list[str]
    queue: str
    skills: list[str]
    priority: str
    #: Seconds.
    target_s: float
    #: Name of the hours in which the target counts.
    hours: str
    tone: str
    acknowledge: str
    hold: bool
    explanation: list[str]


def decision(one: Decision) -> DecisionView:
    """Return a decision as it is shown."""
    return DecisionView(
        at=one.at,
        version=one.version,
        rule=one.rule,
        rules=list(one.rules),
        queue=one.queue,
        skills=list(one.skills),
        priority=one.priority,
        target_s=one.target_s,
        hours=one.hours,
        tone=one.tone,
        acknowledge=one.acknowledge,
        hold=one.hold,
        explanation=list(one.explanation),
    )
