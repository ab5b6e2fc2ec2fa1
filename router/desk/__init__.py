"""What people see: the API, the agents' desk, the outbox, the rules and the health of the service."""
