"""How customers reach us: one folder per channel, all of one shape."""
