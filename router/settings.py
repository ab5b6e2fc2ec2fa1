"""The settings as values: what a person sets outside the rules, checked and never changed."""

import ipaddress
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SkipValidation,
    model_validator,
)

from channels.account import KINDS
from router.keyfile import ADVICE, LEAST
from router.proxies import networks

CREDENTIALS = re.compile(r"(?<=://)[^/?#\s]*@")

Account = Mapping[str, Any]
Accounts = Mapping[str, Mapping[str, Account]]


def split_listen(listen: str) -> tuple[str, int]:
    """Return host and port of `127.0.0.1:8080`, `[::1]:8080` or `:8080`. Raises ValueError."""
    host, separator, port = listen.rpartition(":")
    if not separator or not port.isdecimal() or int(port) > 65535:
        raise ValueError("must be host:port, such as 127.0.0.1:8080")
    return host.strip("[]") or "0.0.0.0", int(port)  # noqa: S104  # `:8080` asks for all addresses


def _listen(value: str) -> str:
    split_listen(value)
    return value


def _proxies(value: str) -> str:
    try:
        networks(value)
    except ValueError:
        raise ValueError(
            "must be addresses or networks apart by commas, such as 127.0.0.1, 10.0.0.0/8"
        ) from None
    return value


def _public(value: str) -> str:
    parts = urlsplit(value)
    if value and (
        parts.scheme not in {"http", "https"} or not parts.hostname or parts.query or parts.fragment
    ):
        raise ValueError("must be an http or https URL, such as https://help.example.com")
    return value.rstrip("/")


def _store(value: str) -> str:
    if value != "sqlite" and not (value.startswith("mongodb://") and urlsplit(value).hostname):
        raise ValueError("must be sqlite or mongodb://host:port/database")
    return value


def _broker(value: str) -> str:
    if value != "local" and not (value.startswith(("amqp://", "amqps://")) and urlsplit(value).hostname):
        raise ValueError("must be local or amqp://user:password@host:port/vhost")
    return value


def _bot_token(value: str) -> str:
    if value and not re.fullmatch(r"xoxb-[\w-]+", value):
        raise ValueError("must be a bot token; it begins with xoxb- and stands under OAuth & Permissions")
    return value


def _slack_api(value: str) -> str:
    parts = urlsplit(value)
    if not parts.hostname or not (parts.scheme == "https" or (parts.scheme == "http" and _local(value))):
        raise ValueError("must be an https URL, such as https://slack.com/api/")
    return value.rstrip("/") + "/"


def _addresses(value: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(KINDS["email"](each) for each in value)


def _secret(value: str) -> str:
    if value and len(value) < LEAST:
        raise ValueError(f"has fewer than {LEAST} characters. {ADVICE}")
    return value


class Section(BaseModel):
    """A table of the settings file."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True, validate_default=True)

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        for name, value in super().__repr_args__():
            yield name, CREDENTIALS.sub("***@", value) if isinstance(value, str) else value


class Server(Section):
    """Where the service answers."""

    listen: Annotated[str, AfterValidator(_listen)] = "127.0.0.1:8080"
    proxies: Annotated[str, AfterValidator(_proxies)] = ""

    @property
    def host(self) -> str:
        """Return the address to listen on."""
        return split_listen(self.listen)[0]

    @property
    def port(self) -> int:
        """Return the port to listen on; 0 = any free one."""
        return split_listen(self.listen)[1]


class Store(Section):
    """Where the truth is kept."""

    url: Annotated[str, AfterValidator(_store)] = "sqlite"


class Broker(Section):
    """Who hands out the work."""

    url: Annotated[str, AfterValidator(_broker)] = "local"


class Log(Section):
    """What is logged, and how."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"


class Slack(Section):
    """How agents hear of their work in Slack; off while there is no token."""

    bot_token: Annotated[str, AfterValidator(_bot_token), Field(repr=False)] = ""
    #: Proves that a pressed button comes from Slack; without it messages have no buttons that act.
    signing_secret: Annotated[str, Field(repr=False)] = ""
    api: Annotated[str, AfterValidator(_slack_api)] = "https://slack.com/api/"

    @model_validator(mode="after")
    def _whole(self) -> "Slack":
        if self.signing_secret and not self.bot_token:
            raise ValueError("has a signing_secret but no bot_token; nobody would be told of anything")
        return self


class Letter(Section):
    """Who gets the weekly letter about promises by mail; nobody while the list is empty."""

    to: Annotated[tuple[str, ...], BeforeValidator(KINDS["list"]), AfterValidator(_addresses)] = ()


class Settings(Section):
    """Everything that a person sets outside the rules."""

    data_dir: Path = Path("data")
    rules: Path | None = None
    public_url: Annotated[str, AfterValidator(_public)] = ""
    organisation: Annotated[str, Field(min_length=1, max_length=100)] = "Example"
    language: Annotated[str, AfterValidator(KINDS["language"])] = "en"
    zone: Annotated[str, AfterValidator(KINDS["zone"])] = ""
    secret_key: Annotated[str, AfterValidator(_secret), Field(repr=False)] = ""
    server: Server = Server()
    store: Store = Store()
    broker: Broker = Broker()
    log: Log = Log()
    slack: Slack = Slack()
    letter: Letter = Letter()
    #: Channel → account → its settings, checked against the channel's manifest, defaults filled in.
    channels: Annotated[Accounts, SkipValidation] = Field(
        repr=False, default_factory=lambda: MappingProxyType({})
    )

    @property
    def fleet(self) -> bool:
        """Tell whether several machines may share the work."""
        return self.store.url != "sqlite" or self.broker.url != "local"

    def accounts(self) -> Iterator[tuple[str, str, Account]]:
        """Yield channel, account and settings of every account."""
        for channel, accounts in self.channels.items():
            for name, account in accounts.items():
                yield channel, name, account

    @property
    def outside(self) -> tuple[str, ...]:
        """Return what reaches beyond this machine: accounts such as `email.support`, or our own addresses."""
        found = [f"{channel}.{name}" for channel, name, account in self.accounts() if not _local(account)]
        own = {"public_url": self.public_url, "server.listen": f"http://{self.server.listen}"}
        if self.slack.bot_token:
            own["slack"] = self.slack.api
        return (*found, *(name for name, url in own.items() if not _local(url)))

    @property
    def loopback(self) -> bool:
        """Tell whether everything stays on this machine or in the outbox: the sample team may answer."""
        return not self.outside


def _local(value: Any) -> bool:
    """Tell whether no URL in the value leads off this machine."""
    if isinstance(value, Mapping):
        return all(_local(each) for each in value.values())
    if isinstance(value, list | tuple):
        return all(_local(each) for each in value)
    if not isinstance(value, str) or "://" not in value:
        return True
    host = urlsplit(value).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")
