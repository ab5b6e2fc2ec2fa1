"""Slugs of the forum's categories by their ids, as lists of posts name ids only."""

import asyncio
from typing import Any

from channels.forum.api import Api

#: Seconds after which the categories are read again.
FRESH_S = 3600.0


class Categories:
    """The categories, read when a setting speaks of them."""

    def __init__(self, api: Api, wanted: frozenset[str]) -> None:
        """Take the access to the forum and the slugs and ids that are wanted."""
        self._api = api
        self._named = any(not each.isdigit() for each in wanted)
        self._slugs: dict[int, str] = {}
        self._read_at: float | None = None

    def slug(self, id: Any) -> str | None:
        """Return the slug; None when it is not known."""
        return self._slugs.get(id) if isinstance(id, int) else None

    async def resolve(self) -> None:
        """Read the categories, now and then, if slugs are wanted. Raises ForumTrouble."""
        now = asyncio.get_running_loop().time()
        if not self._named or (self._read_at is not None and now - self._read_at < FRESH_S):
            return
        answer = await self._api.get("/site.json")
        listed = answer.get("categories") if isinstance(answer, dict) else None
        for one in listed if isinstance(listed, list) else []:
            if isinstance(one, dict) and isinstance(one.get("id"), int):
                self._slugs[one["id"]] = str(one.get("slug") or "").lower()
        self._read_at = now
