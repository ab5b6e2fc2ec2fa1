"""The doorbells: a durable SQLite queue for one machine, RabbitMQ for a fleet, and the hints beside them."""
