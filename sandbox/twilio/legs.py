"""A call as the provider keeps it, and its JSON."""

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Any

from sandbox.twilio.people import Person

OVER = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})


def new_sid() -> str:
    """Return a fresh name of a call."""
    return f"CA{secrets.token_hex(16)}"


@dataclass
class Leg:
    """One end of a conversation."""

    account: str
    to: str
    caller: str
    direction: str
    person: Person
    parent: str = ""
    sid: str = field(default_factory=new_sid)
    status: str = "queued"
    answered_by: str = ""
    created: datetime = field(default_factory=lambda: datetime.now(UTC))
    duration_s: int = 0
    #: Where status callbacks go, and which of them.
    callback: str = ""
    events: tuple[str, ...] = ()
    sequence: int = 0
    #: Who it was bridged with, by number.
    bridged: list[str] = field(default_factory=list)
    #: What was said to it, in order, and whether the provider's own error was.
    words: list[str] = field(default_factory=list)
    broken: bool = False
    #: What its person said that was understood and taken.
    said: list[str] = field(default_factory=list)
    #: Set when somebody ends it from outside.
    ended: bool = False

    @property
    def over(self) -> bool:
        """Tell whether it has ended."""
        return self.status in OVER

    def form(self, **more: str) -> dict[str, str]:
        """Return the parameters of a request about it."""
        given = {
            "CallSid": self.sid,
            "AccountSid": self.account,
            "From": self.caller,
            "To": self.to,
            "Caller": self.caller,
            "Called": self.to,
            "CallStatus": self.status,
            "ApiVersion": "2010-04-01",
            "Direction": self.direction,
        }
        if self.parent:
            given["ParentCallSid"] = self.parent
        return {**given, **more}

    def shown(self) -> dict[str, Any]:
        """Return it as the interface shows it."""
        return {
            "sid": self.sid,
            "account_sid": self.account,
            "parent_call_sid": self.parent or None,
            "to": self.to,
            "from": self.caller,
            "status": self.status,
            "direction": self.direction,
            "duration": str(self.duration_s) if self.over else None,
            "answered_by": self.answered_by or None,
            "date_created": format_datetime(self.created),
            "api_version": "2010-04-01",
            "uri": f"/2010-04-01/Accounts/{self.account}/Calls/{self.sid}.json",
        }
