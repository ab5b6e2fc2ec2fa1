"""How the accounts are, told through the store: every process puts up what it knows, and shows what all know."""

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import msgspec

from channels.port import Clock
from router import log
from router.accounts.reports import Parts, Report, Reports, worst
from router.errors import StoreError
from router.ports import Record, Store

logger = log.get(__name__)

POLL_S = 5.0
#: What a process put up is not believed for longer, unless it is renewed.
BELIEVED_S = 30.0
MOST = 500
KIND = "process"

Key = tuple[str, str]


class Sheet(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one process puts up."""

    #: True when it runs the role `channels`.
    receives: bool = False
    accounts: tuple[Parts, ...] = ()


class Board:
    """Exchanges what is known of the accounts with the other processes; the worst of it is shown."""

    def __init__(
        self, store: Store, clock: Clock, own: Mapping[Key, Reports], *, name: str, roles: Collection[str]
    ) -> None:
        """Take this process's reports by (channel, account), its id, and its roles."""
        self._store, self._clock, self._own = store, clock, own
        self._name, self._receives = name, "channels" in roles
        self._others: list[Sheet] = []
        self._version = 0
        self._began = self._heard = clock.now()

    def reports(self) -> Sequence[Report]:
        """Return how each account is, as far as is known."""
        known: dict[Key, list[Parts]] = {key: [one.parts()] for key, one in self._own.items()}
        for parts in (parts for sheet in self._others for parts in sheet.accounts):
            known.setdefault((parts.channel, parts.account), []).append(parts)
        return [self._report(key, known[key]) for key in self._own]

    def _report(self, key: Key, known: Sequence[Parts]) -> Report:
        found = worst(known)
        if found is not None and (found.state == "down" or not self._silent()):
            return found
        return Report(
            channel=key[0],
            account=key[1],
            state="down" if self._silent() else "starting",
            error=f"no process in the role `channels` was heard of for {BELIEVED_S:.0f} s"
            if self._silent()
            else "",
            since=self._heard if self._silent() else self._began,
            last_seen_at=found.last_seen_at if found is not None else None,
        )

    def _silent(self) -> bool:
        """Tell whether nobody receives."""
        late = self._clock.now() - self._heard >= timedelta(seconds=BELIEVED_S)
        return late and not self._receives

    async def run(self) -> None:
        """Put up and read until cancelled, then take down what this process put up."""
        try:
            while True:
                try:
                    await self.exchange()
                except StoreError as error:
                    logger.warning("reports not exchanged", error=type(error).__name__)
                await self._clock.sleep(POLL_S)
        finally:
            if self._version:
                with suppress(StoreError):
                    await self._store.drop_record(KIND, self._name)

    async def exchange(self) -> None:
        """Put up what this process knows, and read what the others know."""
        accounts = tuple(parts for one in self._own.values() if (parts := one.parts()).parts)
        if accounts or self._receives or self._version:
            await self._put_up(Sheet(receives=self._receives, accounts=accounts))
        found = [one for one in await self._store.records(KIND, MOST) if one.id != self._name]
        self._others = [sheet for one in found if (sheet := _read(one)) is not None]
        if any(sheet.receives for sheet in self._others):
            self._heard = self._clock.now()

    async def _put_up(self, sheet: Sheet) -> None:
        """Write the sheet; one that was put aside as expired, or not seen to be written, is begun anew."""
        until: datetime = self._clock.now() + timedelta(seconds=BELIEVED_S)
        value = msgspec.to_builtins(sheet)
        for _ in range(2):
            record = Record(
                kind=KIND, id=self._name, value=value, version=self._version + 1, expires_at=until
            )
            if await self._store.put_record(record):
                self._version += 1
                return
            known = await self._store.record(KIND, self._name)
            self._version = known.version if known is not None else 0


def _read(record: Record) -> Sheet | None:
    try:
        return msgspec.convert(record.value, Sheet)
    except msgspec.ValidationError:  # of another version of this program
        return None
