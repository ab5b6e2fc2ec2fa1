"""The small ports: where ids come from, and where bytes are kept."""

from typing import Protocol

from channels.port import Blobs


class Ids(Protocol):
    """Where new identifiers come from."""

    def new(self, prefix: str) -> str:
        """Return a fresh unguessable id, such as `cv_3f…` for the prefix `cv`."""
        ...

    def reference(self) -> str:
        """Return a fresh reference for people: `HB-` and five or more of the 32 unambiguous characters."""
        ...


class Vault(Blobs, Protocol):
    """Blobs that are opened and closed; channels and the desk see only `Blobs`."""

    async def open(self) -> None:
        """Connect. Raises StoreDown."""
        ...

    async def close(self) -> None:
        """Finish what was asked, then disconnect."""
        ...
