"""The kinds of Events: within one process, and over RabbitMQ."""

from router.brokers.hints import LocalEvents
from router.brokers.rabbit.events import RabbitEvents

__all__ = ["LocalEvents", "RabbitEvents"]
