"""The baseline for mail: aiosmtpd that appends each mail to a SQLite file and says 250 once it is on disk.

It is what one writes with the library's own calls. It reads nothing, decides nothing and answers nobody.

    python -m benchmarks.bare_mail PORT FILE
"""

import asyncio
import sqlite3
import sys
from typing import Any

import uvloop
from aiosmtpd.smtp import SMTP


class Append:
    """Takes every recipient, and keeps what comes."""

    def __init__(self, path: str) -> None:
        """Open the file so that a commit is on disk when it returns."""
        self._file = sqlite3.connect(path, isolation_level=None)
        self._file.execute("PRAGMA journal_mode = WAL")
        self._file.execute("PRAGMA synchronous = FULL")
        self._file.execute("CREATE TABLE mails (n INTEGER PRIMARY KEY, sender TEXT, raw BLOB)")

    async def handle_DATA(self, _server: SMTP, _session: Any, envelope: Any) -> str:  # noqa: N802  # the library's name
        """Keep one mail."""
        row = (envelope.mail_from, envelope.content)
        self._file.execute("INSERT INTO mails (sender, raw) VALUES (?, ?)", row)
        return "250 Stored"


async def serve(port: int, path: str) -> None:
    """Listen until killed."""
    append = Append(path)
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: SMTP(append, loop=loop), "127.0.0.1", port)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1]), sys.argv[2]))
