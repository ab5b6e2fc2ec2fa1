"""What happens to what waits to leave: the steps of an outbox entry, what must be known first, what became of a try."""
