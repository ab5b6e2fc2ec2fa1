"""How much a batch looks at, the same in every store."""

from datetime import timedelta

#: So many conversations of a customer: the most recently active.
NEWEST = 5
#: So many conversations of a link: the newest. A stranger may let thousands share one.
PER_LINK = 8
#: So many merges are followed.
HEIRS = 5
#: The window in which automatic notes are counted.
NOTES_WINDOW = timedelta(hours=24)
