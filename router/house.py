"""What the story knows of the house: rules, wording, accounts, and who we are."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from msgspec import Struct, field

from channels.message import Identity, Message
from router.conversation import Agent
from router.engine.forecast import Forecast
from router.voice.turns import Turns
from rules.evaluate import Rulebook
from rules.wording import Wording


class Account(Struct, frozen=True, kw_only=True):
    """What the router must know of an account to decide and to word; from its settings and manifest."""

    channel: str
    name: str
    #: Namespace of the identities that can be reached through it.
    identity: str
    #: mail, chat, public or spoken: how notes read there.
    style: str
    language: str = "en"
    zone: str = "UTC"
    #: formal or informal, where the language has the choice.
    address: str = "formal"
    #: Notes say that they were sent automatically.
    disclose: bool = False
    #: Notes and subjects may carry the reference.
    reference_in_note: bool = True
    #: Seconds after the customer's message in which an answer can be sent; 0 = no limit.
    reply_window_s: float = 0.0
    #: Most sends a minute; 0 = no limit.
    sends_per_minute: float = 0.0
    #: The customer stays on the line: an answered conversation still binds its owner for a while.
    live: bool = False
    #: Notes may carry links, where they are not public.
    links: bool = True
    #: The platform allows one automatic message a wait: a renewal is for a person to send.
    one_automatic_reply: bool = False


class House(Struct, frozen=True, kw_only=True):
    """Everything but the messages themselves; made anew when rules or switches change."""

    book: Rulebook
    wording: Wording
    #: By (channel, account).
    accounts: Mapping[tuple[str, str], Account]
    #: Identity keys of our own accounts.
    ours: frozenset[str]
    #: Agent ids by identity key.
    staff: Mapping[str, str]
    #: Signs reply tokens.
    secret: bytes
    #: Notes are paused for everybody (`handleby notes pause`).
    paused: bool = False
    #: By agent id, the channels on which notes may go out in their name; None = everybody agreed to all.
    voices: Mapping[str, frozenset[str]] | None = None
    #: What promises are computed from, as it stood a moment ago; None = the targets are all that is known.
    forecast: Forecast | None = None
    #: Agents at work, as the store had them a moment ago.
    crew: Mapping[str, Agent] = {}
    #: Whose turn it is among the variants of the texts; counted on as notes are worded.
    turns: Turns = field(default_factory=Turns)
    #: Where customers and colleagues reach this service.
    public_url: str = ""
    #: Where customers open the links that notes carry; "" = notes carry none, as nobody outside could open them.
    links_url: str = ""
    #: Text → ISO code, "" when it cannot be told.
    detect: Callable[[str], str]

    def speaks(self, agent: str, channel: str) -> bool:
        """Tell whether notes on the channel may go out in the agent's name: they have agreed to it."""
        return self.voices is None or channel in self.voices.get(agent, frozenset())

    def account(self, channel: str, name: str) -> Account:
        """Return the account; one that was removed from the settings is given plain defaults."""
        found = self.accounts.get((channel, name))
        return found or Account(channel=channel, name=name, identity=channel, style="mail")

    def carrier(self, to: Identity, channel: str, name: str) -> Account | None:
        """Return the account that reaches the identity: this one, else the first of the right kind."""
        here = self.account(channel, name)
        if here.identity == to.kind:
            return here
        return next((one for one in self.accounts.values() if one.identity == to.kind), None)

    def zone(self, *, wanted: str, account: Account) -> ZoneInfo:
        """Return the customer's zone if known and valid, else the account's."""
        for name in (wanted, account.zone):
            try:
                return ZoneInfo(name)
            except (ValueError, KeyError, OSError):
                continue
        return ZoneInfo("UTC")

    def language_of(self, message: Message) -> str:
        """Return the message's language, as the channel or its text tells; "" when neither does."""
        return message.language or (self.detect(message.text) if message.text else "")
