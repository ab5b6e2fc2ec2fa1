"""What can go wrong with the Graph API, and what it means for something that was to be sent.

Exception
├── Unreached   certainly nothing arrived there
├── Unanswered  it may have been done; the answer did not come or made no sense
└── Said        Facebook answered with an error of this code
"""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from channels.errors import ChannelError, InDoubt, NotSent, Refused
from channels.facebook import raw

#: Application, user, page and "this call" limits; 80001 and 80006 are those of pages and Messenger.
THROTTLED = {4, 17, 32, 341, 613, 80001, 80006}
TOKEN = 190
#: The app may not do that.
PERMISSION = {3, 10, *range(200, 300)}
#: "Try again" codes, which may come after all was done.
PASSING = {1, 2, 1200}
OUTSIDE = (10, 2018278)
RESTRICTED = (10, 1893063)
#: A comment takes one private reply: used up; too old or gone; not this person.
REPLIED = {10900, 10901, 10902, 10903}


class Unreached(Exception):
    """Facebook could not be reached, so nothing was done."""


class Unanswered(Exception):
    """Facebook may have done it; the answer did not come or made no sense."""


class Said(Exception):
    """Facebook answered with an error."""

    def __init__(self, status: int, error: Mapping[str, Any]) -> None:
        """Take the HTTP status and the object under `error`."""
        self.status = status
        self.code = _number(error.get("code"))
        self.subcode = _number(error.get("error_subcode"))
        #: Facebook's own words, without what customers wrote.
        self.words = raw.text(error, "message").replace("\n", " ")[:200]
        super().__init__(f"{self.code}/{self.subcode} {self.words}".strip())

    @property
    def throttled(self) -> bool:
        """True when we came too often."""
        return self.code in THROTTLED or self.status == 429

    @property
    def doubtful(self) -> bool:
        """True when it may have been done all the same."""
        return (self.status >= 500 or self.code in PASSING) and not self.throttled and self.code != TOKEN

    @property
    def outside(self) -> bool:
        """True when the window for answers is closed."""
        return (self.code, self.subcode) == OUTSIDE


class Verdict(Struct, frozen=True, kw_only=True):
    """What to raise, and what admins see; no state = nothing is wrong with the account."""

    error: ChannelError
    state: str = ""
    text: str = ""


#: What to do about an answer that another try would not change.
_ADVICE: Mapping[tuple[int, int], str] = {
    OUTSIDE: "Facebook's window for answers is closed. Ask the customer to write again, or reach them another way.",
    (
        10,
        2018300,
    ): "Another app answers this Messenger conversation. Take it over in Meta's inbox, then send again.",
    (
        100,
        2018001,
    ): "Facebook does not know this person any more: the account is gone or has blocked the page.",
    (
        100,
        1893061,
    ): "Facebook does not let this app use the tag HUMAN_AGENT. Have the feature Human Agent approved in "
    "App Review, or set human_agent = false; until then answer in Meta's inbox.",
    (100, 33): "What should be answered is gone, or this app may not see it. Look at it on Facebook.",
    (
        551,
        0,
    ): "This person cannot be reached in Messenger now: they left, or blocked the page. Reach them another way.",
}


def verdict(error: Exception, locked_s: float, throttled_s: float) -> Verdict:
    """Return what an error means for sending; `locked_s`: the pause while a person has to mend something."""
    if isinstance(error, Unreached):
        return Verdict(error=NotSent(str(error)), state="degraded", text=str(error))
    if not isinstance(error, Said):
        return Verdict(error=InDoubt(str(error)), state="degraded", text=str(error))
    if error.throttled:
        words = f"Facebook asks us to send less often ({error})"
        return Verdict(error=NotSent(words, after_s=throttled_s), state="degraded", text=words)
    if error.code in {TOKEN, 368} or (error.code, error.subcode) == RESTRICTED:
        words = mend(error)
        after_s = locked_s if error.code == TOKEN else locked_s * 15
        return Verdict(error=NotSent(words, after_s=after_s), state="down", text=words)
    if error.doubtful:
        return Verdict(error=InDoubt(f"Facebook failed half-way ({error})"))
    return _refused(error)


def _refused(error: Said) -> Verdict:
    pair = (error.code, error.subcode)
    if error.code in PERMISSION and pair not in _ADVICE:
        return Verdict(error=Refused(mend(error)), state="degraded", text=mend(error))
    advice = _ADVICE.get(pair) or _ADVICE.get((error.code, 0))
    if advice:
        return Verdict(error=Refused(f"{advice} ({error})"))
    return Verdict(error=Refused(f"Facebook refuses it: {error}. Change it, or answer on Facebook."))


def mend(error: Exception) -> str:
    """Return what is wrong with the account and what to do, for admins."""
    if not isinstance(error, Said):
        return str(error)
    if error.code == TOKEN:
        return (
            "Facebook does not accept page_token any more (190): a password changed, or the role on the page "
            "ended. Make a new one as the channel's guide says, and restart"
        )
    if error.code == 368:
        return "Facebook blocks the page for what it takes for spam (368). See Page Quality in Meta Business Suite"
    if (error.code, error.subcode) == RESTRICTED:
        return "Facebook restricts the page for a while (10/1893063). See Page Quality in Meta Business Suite"
    if error.code in PERMISSION:
        return (
            f"The app lacks a permission ({error}). It needs pages_messaging, pages_manage_metadata, "
            "pages_read_engagement, pages_read_user_content and pages_manage_engagement, and Advanced Access for "
            "people who have no role on the app"
        )
    return f"Facebook says: {error}"


def _number(value: Any) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) else 0
