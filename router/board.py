"""How the accounts are, told through the store: in a fleet the process that shows it is not the one that knows."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from channels.port import Clock
from router import log
from router.errors import StoreError
from router.host import Report
from router.ports import Record, Store

logger = log.get(__name__)

POLL_S = 5.0
#: A report that nobody renewed for so long is no longer believed.
BELIEVED_S = 30.0
MOST = 500


class Board:
    """Puts this process's reports up where it runs the channels, and else reads those of the others."""

    def __init__(
        self, store: Store, clock: Clock, own: Mapping[tuple[str, str], Report], *, runs: bool
    ) -> None:
        """Take this process's reports by (channel, account), and whether it runs the channels."""
        self._store, self._clock, self._own, self._runs = store, clock, own, runs
        self._read: dict[tuple[str, str], Report] = {}
        self._since: datetime = clock.now()

    def reports(self) -> Sequence[Report]:
        """Return how each account is, as far as is known here."""
        if self._runs:
            return list(self._own.values())
        return [self._read.get(key) or self._silent(one) for key, one in self._own.items()]

    def _silent(self, one: Report) -> Report:
        young = self._clock.now() - self._since < timedelta(seconds=BELIEVED_S)
        return Report(
            channel=one.channel,
            account=one.account,
            state="starting" if young else "down",
            error="" if young else f"no process in the role `channels` was heard of for {BELIEVED_S:.0f} s",
            since=self._since,
        )

    async def run(self) -> None:
        """Put up or read until cancelled."""
        while True:
            try:
                await (self._put_up() if self._runs else self._look())
            except StoreError as error:
                logger.warning("reports not exchanged", error=type(error).__name__)
            await self._clock.sleep(POLL_S)

    async def _put_up(self) -> None:
        until = self._clock.now() + timedelta(seconds=BELIEVED_S)
        for (channel, account), report in self._own.items():
            id_ = f"{channel}/{account}"
            known = await self._store.record("report", id_)
            version = known.version + 1 if known is not None else 1
            value = msgspec.to_builtins(report)
            await self._store.put_record(
                Record(kind="report", id=id_, value=value, version=version, expires_at=until)
            )

    async def _look(self) -> None:
        found = [msgspec.convert(one.value, Report) for one in await self._store.records("report", MOST)]
        self._read = {(one.channel, one.account): one for one in found}
