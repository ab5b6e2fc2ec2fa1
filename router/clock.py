"""The real clock: the only place of the router that asks the computer for the time."""

import asyncio
from datetime import UTC, datetime


def whole_ms(at: datetime) -> datetime:
    """Return the instant cut to whole milliseconds, the finest that every store keeps."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


class SystemClock:
    """The computer's own time."""

    def now(self) -> datetime:
        """Return the time as an aware UTC instant, whole milliseconds."""
        return whole_ms(datetime.now(UTC))

    async def sleep(self, seconds: float) -> None:
        """Wait that many seconds."""
        await asyncio.sleep(seconds)
