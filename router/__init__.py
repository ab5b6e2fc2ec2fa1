"""What happens to a message, in reading order: accept, consume, handle, notify, timers."""
