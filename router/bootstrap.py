"""The only place that builds real parts and puts them together."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from channels import registry
from channels.errors import Misconfigured
from channels.port import Channel, Clock
from router import tokens
from router.accept import Acceptor
from router.accounts.host import AccountHost, HostParts
from router.actions import Actions
from router.brokers.hints import LocalEvents
from router.brokers.local import LocalBroker
from router.clock import SystemClock
from router.config import check_sample
from router.consume import Consumer
from router.errors import ConfigError
from router.ids import RandomIds
from router.keeper import Keeper, account, build_house
from router.kept.post import Post, Readers
from router.kept.tally import Tally
from router.notify import Notifier
from router.ports import Broker, Events, Ids, Store, Vault
from router.settings import Settings
from router.stores.blobs import LocalBlobs
from router.stores.sqlite import SqliteStore
from router.timers import Timers
from rules.evaluate import Rulebook
from rules.fit import fit
from rules.load import RulesError, load
from rules.wording import Wording

if TYPE_CHECKING:
    from router.desk.slack import Slack


@dataclass(frozen=True, kw_only=True)
class Parts:
    """All parts of a service, built and not yet opened."""

    settings: Settings
    secret: bytes = field(repr=False)
    clock: Clock
    ids: Ids
    store: Store
    blobs: Vault
    broker: Broker
    events: Events
    keeper: Keeper
    acceptor: Acceptor
    consumer: Consumer
    timers: Timers
    actions: Actions
    tally: Tally
    post: Post
    #: By (channel, account).
    hosts: Mapping[tuple[str, str], AccountHost]
    channels: Mapping[tuple[str, str], Channel]
    notifier: Notifier
    #: Tells agents of their work; None while no token is set.
    slack: "Slack | None" = None


def open_rules(settings: Settings) -> Rulebook:
    """Load the rules that the settings name. Raises RulesError, or ConfigError where nobody could answer."""
    book = load(settings.rules, channels=registry.names())
    check_sample(settings, sample=book.sample, agents=len(book.people))
    return book


def open_wording(settings: Settings) -> Wording:
    """Load the note texts: the shipped ones, and those of a folder `wording` beside the rules file over them."""
    return wording_beside(settings.rules)


def wording_beside(rules: Path | None) -> Wording:
    """Load the note texts that go with a rules file. Raises RulesError."""
    own = rules.parent / "wording" if rules is not None else None
    return Wording.load(own if own is not None and own.is_dir() else None)


def matched(book: Rulebook, wording: Wording) -> tuple[Rulebook, Wording]:
    """Return both, if every fact that a rule asks for has words. Raises RulesError."""
    if faults := [one for one in fit(book, wording) if not one.warning]:
        raise RulesError(faults)
    return book, wording


def build(settings: Settings, clock: Clock | None = None) -> Parts:
    """Build every part for the settings, on the computer's own clock unless told otherwise. Raises ConfigError."""
    clock, ids = clock or SystemClock(), RandomIds()
    secret = settings.secret_key.encode()
    store, blobs = _store(settings, clock)
    broker, events = _broker(settings)
    book, wording = matched(open_rules(settings), open_wording(settings))
    house = build_house(settings, book, wording, tokens.derive(secret))
    keeper = Keeper(house, store, clock)
    acceptor = Acceptor(store, broker, clock, keeper)
    consumer = Consumer(store, broker, events, ids, clock, keeper)
    shared = HostParts(
        store=store,
        blobs=blobs,
        clock=clock,
        events=events,
        ids=ids,
        acceptor=acceptor,
        house=keeper,
        secret=secret,
        organisation=settings.organisation,
        public_url=settings.public_url,
    )
    hosts = _hosts(settings, shared)
    channels = _opened(hosts)
    notifier = Notifier(store, events, ids, clock, keeper, channels)
    notifier.gates.report = lambda key, state, error: hosts[key].report(state, error, part="outgoing")
    actions = Actions(store, events, ids, clock, keeper)
    return Parts(
        settings=settings,
        secret=secret,
        clock=clock,
        ids=ids,
        store=store,
        blobs=blobs,
        broker=broker,
        events=events,
        keeper=keeper,
        acceptor=acceptor,
        consumer=consumer,
        timers=Timers(store, broker, events, consumer, (ids, clock, keeper)),
        actions=actions,
        tally=Tally(store, ids, clock, keeper, ZoneInfo(settings.zone or "UTC")),
        post=Post(store, ids, clock, keeper, channels, _readers(settings)),
        hosts=hosts,
        channels=channels,
        notifier=notifier,
        slack=_slack(settings, shared, actions, keeper),
    )


def _hosts(settings: Settings, shared: HostParts) -> dict[tuple[str, str], AccountHost]:
    return {
        (channel, name): AccountHost(shared, account(channel, name, given), given)
        for channel, name, given in settings.accounts()
    }


def _readers(settings: Settings) -> Readers:
    return Readers(
        to=settings.letter.to,
        zone=settings.zone or "UTC",
        organisation=settings.organisation,
        public_url=settings.public_url,
    )


def _opened(hosts: Mapping[tuple[str, str], AccountHost]) -> dict[tuple[str, str], Channel]:
    """Open the channel of every account. Raises ConfigError with all that cannot work."""
    channels: dict[tuple[str, str], Channel] = {}
    problems: list[str] = []
    for key, host in hosts.items():
        try:
            channels[key] = registry.adapter(key[0]).open(host)
        except Misconfigured as error:
            problems += [_placed(line, ".".join(("channels", *key))) for line in str(error).splitlines()]
    if problems:
        raise ConfigError("\n".join(problems))
    return channels


def _placed(problem: str, where: str) -> str:
    """Return what a channel says of its settings with the account's place before it, once."""
    if problem.startswith((f"{where}.", f"{where}:")):
        return problem
    return f"{where}.{problem}" if re.match(r"\w+: ", problem) else f"{where}: {problem}"


def _slack(settings: Settings, shared: HostParts, actions: Actions, keeper: Keeper) -> "Slack | None":
    if not settings.slack.bot_token:
        return None
    from router.desk.slack import Office, Slack  # noqa: PLC0415  # slow to import, and not wanted by everybody

    office = Office(
        store=shared.store,
        events=shared.events,
        clock=shared.clock,
        ids=shared.ids,
        actions=actions,
        book=keeper.book,
        public_url=settings.public_url,
        zone=settings.zone,
        title=lambda channel: registry.manifest(channel).title,
    )
    return Slack(office, settings.slack)


def _store(settings: Settings, clock: Clock) -> tuple[Store, Vault]:
    url = settings.store.url
    if url == "sqlite":
        folder: Path = settings.data_dir
        return SqliteStore(folder / "handleby.db", clock=clock), LocalBlobs(folder)
    from router.stores.mongo import MongoBlobs, MongoStore  # noqa: PLC0415  # slow to import, and rarely wanted

    database = urlsplit(url).path.strip("/") or "handleby"
    return MongoStore(url, clock=clock, database=database), MongoBlobs(url, database=database)


def _broker(settings: Settings) -> tuple[Broker, Events]:
    url = settings.broker.url
    if url == "local":
        return LocalBroker(settings.data_dir / "queue.db"), LocalEvents()
    from router.brokers.rabbit import RabbitBroker  # noqa: PLC0415  # as above
    from router.brokers.rabbit.events import RabbitEvents  # noqa: PLC0415

    return RabbitBroker(url), RabbitEvents(url)
