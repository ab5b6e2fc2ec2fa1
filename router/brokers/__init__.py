"""The doorbells: a durable SQLite queue for one machine, RabbitMQ for a fleet, and the hints beside them."""

from pathlib import Path

from router.errors import ConfigError
from router.ports import Broker, Events

#: What a broker address may begin with.
AMQP = ("amqp://", "amqps://")


def broker_at(url: str, data_dir: Path) -> Broker:
    """Build the broker for the address `local` or `amqp://…`; raises ConfigError for another."""
    if url == "local":
        from router.brokers.local import LocalBroker  # noqa: PLC0415  # only the one in use is loaded

        return LocalBroker(data_dir / "broker.db")
    _check(url)
    from router.brokers.doorbell import RabbitBroker  # noqa: PLC0415  # the same

    return RabbitBroker(url)


def events_at(url: str) -> Events:
    """Build the events that go with the broker at this address; raises ConfigError as `broker_at`."""
    if url == "local":
        from router.brokers.events import LocalEvents  # noqa: PLC0415  # only the one in use is loaded

        return LocalEvents()
    _check(url)
    from router.brokers.fanout import RabbitEvents  # noqa: PLC0415  # the same

    return RabbitEvents(url)


def _check(url: str) -> None:
    if not url.startswith(AMQP):
        scheme = url.split(":", 1)[0]
        raise ConfigError(
            f"broker.url begins with {scheme!r}. Use `local`, or `amqp://user:password@host:5672/vhost`."
        )
