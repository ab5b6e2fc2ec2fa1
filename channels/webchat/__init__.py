"""Web chat: a page and a widget on which visitors write to a named person and see the answer live."""
