"""Twins of the real parts that are shipped with the product, for tests, demo and simulation."""

from router.testing.store import MemoryBlobs, MemoryStore
from router.testing.time import ManualClock, SequenceIds, settle

__all__ = ["ManualClock", "MemoryBlobs", "MemoryStore", "SequenceIds", "settle"]
