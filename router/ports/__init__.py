"""What the router needs of its parts. Clock and Blobs stand in `channels.port`."""

from channels.port import Blobs, Clock
from router.ports.broker import Broker, Delivery, Depth
from router.ports.events import Events, Hint
from router.ports.small import Ids, Vault
from router.ports.store import Store
from router.ports.values import (
    Change,
    Commit,
    Lease,
    Load,
    Loaded,
    Outcome,
    PromiseFigure,
    QueueStat,
    Record,
    Stored,
)

__all__ = [
    "Blobs",
    "Broker",
    "Change",
    "Clock",
    "Commit",
    "Delivery",
    "Depth",
    "Events",
    "Hint",
    "Ids",
    "Lease",
    "Load",
    "Loaded",
    "Outcome",
    "PromiseFigure",
    "QueueStat",
    "Record",
    "Store",
    "Stored",
    "Vault",
]
