"""Recorded mails and what they become."""
