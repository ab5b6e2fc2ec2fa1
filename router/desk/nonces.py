"""Marks that a page gives its forms: each proves that the page was opened, for one link, and works once."""

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from router.ports import Record, Store

#: A page may stay open for so long.
WORKS_FOR = timedelta(hours=12)
_KIND = "tapped"


class Nonces:
    """Makes marks and uses them up."""

    def __init__(self, secret: bytes, store: Store) -> None:
        """Take the service's secret and the store, which remembers what was used."""
        self._key = hmac.new(secret, b"marks of the customer's page", hashlib.sha256).digest()
        self._store = store

    def make(self, token: str, now: datetime) -> str:
        """Return a new mark for the link's page."""
        said = f"{int(now.timestamp()):x}.{secrets.token_hex(9)}"
        return f"{said}.{self._signature(token, said)}"

    def holds(self, token: str, mark: str, now: datetime) -> bool:
        """Tell whether the link's page made it, not too long ago."""
        said, _, signed = mark.rpartition(".")
        right = self._signature(token, said)
        if not hmac.compare_digest(signed.encode(), right.encode()):
            return False
        made = int(said.partition(".")[0], 16)
        return timedelta(0) <= timedelta(seconds=now.timestamp() - made + 1) <= WORKS_FOR

    async def use(self, mark: str, now: datetime) -> bool:
        """Use it up; False when it was used before."""
        record = Record(kind=_KIND, id=self._name(mark), value={}, version=1, expires_at=now + 2 * WORKS_FOR)
        return await self._store.put_record(record)

    async def give_back(self, mark: str) -> None:
        """Let it be used again, as nothing came of it."""
        await self._store.drop_record(_KIND, self._name(mark))

    def _signature(self, token: str, said: str) -> str:
        return hmac.new(self._key, f"{token}\n{said}".encode(), hashlib.sha256).hexdigest()[:32]

    @staticmethod
    def _name(mark: str) -> str:
        return mark.rpartition(".")[0].replace(".", "-")
