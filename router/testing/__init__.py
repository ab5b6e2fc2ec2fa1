"""Twins of the real parts that are shipped with the product, for tests, demo and simulation."""

from router.testing.broker import MemoryBroker, MemoryEvents
from router.testing.channel import RecordingChannel, RecordingCursor, RecordingHost
from router.testing.store import MemoryBlobs, MemoryStore
from router.testing.time import ManualClock, SequenceIds, settle

__all__ = [
    "ManualClock",
    "MemoryBlobs",
    "MemoryBroker",
    "MemoryEvents",
    "MemoryStore",
    "RecordingChannel",
    "RecordingCursor",
    "RecordingHost",
    "SequenceIds",
    "settle",
]
