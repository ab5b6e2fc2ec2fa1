"""What customers' mailboxes got: a real SMTP server in a thread that counts every copy."""

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path

from tests.support.smtp import Sink, smtp_server


class Ledger:
    """The mail that left the service, as its receivers saw it."""

    def __init__(self) -> None:
        """Start with nothing; see `ledger`."""
        self.sink: Sink | None = None

    @property
    def url(self) -> str:
        """Return the address that an account sends to."""
        assert self.sink is not None
        return f"smtp://127.0.0.1:{self.sink.port}"

    def copies(self) -> Counter[str]:
        """Return how many copies of each Message-ID arrived."""
        assert self.sink is not None
        return Counter(str(message_from_bytes(data)["Message-ID"]) for _, _, data in list(self.sink.taken))

    def receivers(self) -> Counter[str]:
        """Return how many mails each customer got."""
        assert self.sink is not None
        return Counter(to for _, tos, _ in list(self.sink.taken) for to in tos)


@contextlib.contextmanager
def ledger(folder: Path) -> Iterator[Ledger]:
    """Run the server in a thread of its own while the block runs."""
    book, ready, done = Ledger(), threading.Event(), threading.Event()

    async def serve() -> None:
        async with smtp_server(folder) as sink:
            book.sink = sink
            ready.set()
            while not done.is_set():
                await asyncio.sleep(0.05)

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    try:
        assert ready.wait(20), "the mail server did not start"
        yield book
    finally:
        done.set()
        thread.join(20)
