"""Reading what mail programs write: headers, addresses, parts, charsets; every step in linear time."""
