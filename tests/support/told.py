"""Made-up customers of any channel, and what became of what we told them: the stand-in's ledger is the judge."""

import re
import secrets
from collections.abc import Sequence
from importlib.util import find_spec

from channels import registry
from router.conversation import Conversation, Item, SendState
from sandbox.stand import SHIPPED
from tests.support.alive import Alive

#: A clock as notes say it.
CLOCK = re.compile(r"\b\d{1,2}:\d{2}\b")
#: All channels with a stand-in.
CHANNELS = [name for name in registry.names() if find_spec(SHIPPED.get(name, f"channels.{name}.stand"))]


def word() -> str:
    """Return a word that nobody else writes."""
    return f"kw{secrets.token_hex(5)}"


def person() -> str:
    """Return a customer who has never written."""
    return f"ana{secrets.token_hex(4)}"


async def written(alive: Alive, customer: str, text: str) -> Conversation:
    """Let the customer write, and wait until the router has a conversation for it."""
    await alive.stand.write(customer, text, public=False)
    return await alive.one(text.rsplit(maxsplit=1)[-1])


def texts(alive: Alive, customer: str) -> list[str]:
    """Return what the customer got from us."""
    return [row.text for row in alive.stand.ledger.to(customer)]


def copies(alive: Alive, customer: str, item: Item) -> int:
    """Return how many copies of it reached the customer; a long one may come in parts, a provider may add to it."""
    return sum(item.text in text or text in item.text for text in texts(alive, customer))


async def arrived_once(alive: Alive, customer: str, item: Item) -> None:
    """Wait until the customer has it (they may have been away), and see that there is no second copy."""

    async def there() -> bool:
        return copies(alive, customer, item) > 0 or heard(alive, customer, item)

    await alive.until(there, f"a copy for {customer}")
    assert copies(alive, customer, item) <= 1


def heard(alive: Alive, customer: str, item: Item) -> bool:
    """Tell whether a caller heard who calls and by when in other words.

    Where a note is too late for a caller on the line, the line says so itself, and the note lies on their page.
    """
    clocks = CLOCK.findall(item.text)
    caller = item.to is not None and item.to.kind == "phone"
    return (
        caller
        and bool(item.note and clocks)
        and any(item.author_name in text and clocks[-1] in text for text in texts(alive, customer))
    )


async def sent_once_or_shown(alive: Alive, customer: str, one: Conversation, items: Sequence[Item]) -> None:
    """Hold what became of all that we wanted to send against what the customer got."""
    for item in items:
        if item.state is SendState.SENT:
            await arrived_once(alive, customer, item)
        else:
            assert copies(alive, customer, item) <= 1
            assert item.reason
            assert one.flags or one.no_note, "nobody is told"
