"""What customers wrote and what they would have seen, as the providers know it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime

from msgspec import Struct


class Seen(Struct, frozen=True, kw_only=True):
    """One thing that passed between a customer and us."""

    #: The provider's id of it.
    id: str
    #: True when it came from us.
    ours: bool
    #: The customer's address on the provider.
    customer: str
    text: str
    at: datetime
    #: True when others can read it.
    public: bool = False
    #: The provider's thread or what it answers.
    thread: str = ""


class Ledger:
    """Grows only; the oracle of the tests and the customers' side of the demo."""

    def __init__(self) -> None:
        self._rows: list[Seen] = []
        self._watchers: list[Callable[[Seen], None]] = []

    def watch(self, watcher: Callable[[Seen], None]) -> None:
        """Call it with every new row."""
        self._watchers.append(watcher)

    def wrote(self, *, id: str, customer: str, text: str, public: bool = False, thread: str = "") -> Seen:
        """Note what a customer wrote."""
        return self._add(id=id, ours=False, customer=customer, text=text, public=public, thread=thread)

    def heard(self, *, id: str, customer: str, text: str, public: bool = False, thread: str = "") -> Seen:
        """Note what a customer got from us: a copy each time that it reached them."""
        return self._add(id=id, ours=True, customer=customer, text=text, public=public, thread=thread)

    def _add(self, *, id: str, ours: bool, customer: str, text: str, public: bool, thread: str) -> Seen:
        row = Seen(
            id=id,
            ours=ours,
            customer=customer,
            text=text,
            at=datetime.now(UTC),
            public=public,
            thread=thread,
        )
        self._rows.append(row)
        for watcher in self._watchers:
            watcher(row)
        return row

    def __iter__(self) -> Iterator[Seen]:
        """Go through all rows in order."""
        return iter(tuple(self._rows))

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self._rows)

    def since(self, count: int) -> list[Seen]:
        """Return the rows after the first so many."""
        return self._rows[count:]

    def to(self, customer: str) -> list[Seen]:
        """Return what reached the customer, in order."""
        return [row for row in self._rows if row.ours and row.customer == customer]

    def by(self, customer: str) -> list[Seen]:
        """Return what the customer wrote, in order."""
        return [row for row in self._rows if not row.ours and row.customer == customer]
