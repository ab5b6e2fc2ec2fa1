"""One way to run something beside a block: in a task group, and without its exception groups showing outside."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from typing import Any


@asynccontextmanager
async def beside(*coroutines: Coroutine[Any, Any, None]) -> AsyncIterator[asyncio.TaskGroup]:
    """Run the coroutines while the block runs and cancel them with it; what fails comes out bare.

    The group is given to the block, which may start more tasks in it; those are waited for. Of several errors
    of one kind the first comes out; errors of several kinds come out as a group.
    """
    try:
        async with asyncio.TaskGroup() as group:
            started = [group.create_task(one) for one in coroutines]
            try:
                yield group
            finally:
                for task in started:
                    task.cancel()
    except BaseExceptionGroup as errors:
        first = errors.exceptions[0]
        if all(type(one) is type(first) for one in errors.exceptions):
            raise first from None
        raise
    finally:
        for one in coroutines:  # one that was cancelled before its first step would be called never awaited
            one.close()
