"""The words of messages and answers, indexed after the fact so that accepting and deciding stay fast."""

import sqlite3

from router.stores.codec import conversation_from, item_from, message_from
from router.stores.sqlite.queries import SQL
from router.stores.words import asked, words_of, words_said

UNSEARCHED, ADD_WORDS, SEARCHED = SQL["unsearched"], SQL["add_words"], SQL["searched"]
MESSAGES, ARCHIVE = SQL["unsearched_messages"], SQL["unsearched_archive"]

#: rowid = number of the conversation * 2^20 + seq.
SHIFT = 20


def index_words(conn: sqlite3.Connection, limit: int) -> int:
    """Index what up to `limit` conversations said since they were last looked at; returns how many."""
    rows = conn.execute(UNSEARCHED, (limit,)).fetchall()
    for n, name, searched, seq, doc in rows:
        span = (name, searched, seq)
        texts = {at: words_of(message_from(body)) for at, body in conn.execute(MESSAGES, span)}
        items = [item_from(row[0]) for row in conn.execute(ARCHIVE, span)]
        items += [item for item in conversation_from(doc).outbox if item.seq > searched]
        texts.update((item.seq, words_said([item])) for item in items)
        found = [(n << SHIFT | at, " ".join(text)) for at, text in texts.items() if text]
        conn.executemany(ADD_WORDS, found)
        conn.execute(SEARCHED, (n, seq))
    return len(rows)


def question(text: str) -> str:
    """Return the search as FTS5 takes it: all words, the last one as a beginning; "" for no words."""
    words = asked(text)
    return " ".join(f'"{word}"' for word in words) + "*" if words else ""
