"""RabbitMQ: a doorbell for a fleet. Only `wire` imports aio-pika.

In reading order: `topology` (what is declared), `wire` (AMQP), `link` (a connection that comes back),
`setup` (declare and prove), `doctor` (doubt and mend), `publisher`, `inbox` and `gauge` (out, in, how
full), `broker` and `events` (the ports). Decision 0004 lists what is known to go wrong, and what was
done about it.
"""

from router.brokers.rabbit.broker import RabbitBroker

__all__ = ["RabbitBroker"]
