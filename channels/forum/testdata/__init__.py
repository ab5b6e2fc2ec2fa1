"""Recorded payloads of the forum and what becomes of them."""
