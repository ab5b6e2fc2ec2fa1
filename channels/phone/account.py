"""What the parts of one phone account share."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from channels.phone import memos, numbers, words
from channels.phone.intake import Intake
from channels.phone.settings import PhoneSettings, read
from channels.phone.twiml import Twiml
from channels.phone.wire import Wire
from channels.phone.words import Words
from channels.port import Host

#: The outage that was set while the service runs.
OUTAGE = "outage"
#: Asks the provider to try five times where we cannot be reached or are in trouble (connection overrides).
AGAIN = "#rc=5&rp=all"
_OUTAGE_KEEP_S = 90 * 86400.0


@dataclass(frozen=True)
class Account:
    """Settings, words and helpers of one account."""

    host: Host
    settings: PhoneSettings
    intake: Intake
    wire: Wire = field(repr=False)
    words: Words

    @classmethod
    def of(cls, host: Host) -> "Account":
        """Build it. Raises Misconfigured, naming the setting."""
        settings = read(host)
        return cls(
            host=host,
            settings=settings,
            intake=Intake(host, settings),
            wire=Wire(settings),
            words=words.pick([], host.language),
        )

    @property
    def path(self) -> str:
        """Return the path of the account's hook."""
        return f"/hooks/phone/{self.host.account}"

    def url(self, step: str, query: Mapping[str, str] | None = None) -> str:
        """Return the public address of a step."""
        asked = f"?{urlencode(query)}" if query else ""
        return f"{self.host.public_url.rstrip('/')}{self.path}/{step}{asked}{AGAIN}"

    def twiml(self) -> Twiml:
        """Begin an answer in the account's language."""
        return Twiml(self.words.language, self.settings.voice)

    def zone_of(self, number: str) -> ZoneInfo:
        """Return the zone in which times are told to a number: its own where it has one."""
        hours = self.intake.hours(number) if number else None
        name = hours.zone if hours is not None else ""
        return ZoneInfo(name or self.host.zone or "UTC")

    def zone_said(self, found: Words, number: str = "") -> str:
        """Return whose clock times are told by, in a sentence; "" where it is the number's own."""
        if number and self.intake.hours(number).zone:
            return ""
        name = self.zone_of("").key.rsplit("/", 1)[-1].replace("_", " ")
        return found("page_times_zone", zone=name)

    def say_who(self, name: str) -> str:
        """Return what a customer is called when one speaks of them."""
        return name or self.words("nameless")

    def retries(self, found: Words, key: str = "retries") -> str:
        """Return when a customer who is missed is called again, in a sentence."""
        times = self.settings.retries
        return found(key, times=found.lengths(times)) if times else found("no_retries")

    def greeting(self, found: Words) -> str:
        """Return the first words."""
        return self.settings.greeting or found("greeting", organisation=self.host.organisation)

    async def outage(self) -> str:
        """Return the known outage: what was set last, else the settings'; "" = none."""
        known, version = await memos.read(self.host, OUTAGE, str)
        return self.settings.outage if known is None or not version else known

    async def set_outage(self, text: str) -> None:
        """Tell this outage from now on; "" = there is none. Raises Unavailable."""
        await memos.change(self.host, OUTAGE, str, lambda _: text, keep_s=_OUTAGE_KEEP_S)

    def ending(self, number: str) -> str:
        """Return the end of a number, its digits apart, as it is spoken."""
        return " ".join(numbers.ending(number))
