"""What all brokers agree on."""

#: The queue of what could not be processed.
PARKED = "parked"
#: A delivery that was handed out this often comes back once more, then is parked.
LIMIT = 5
