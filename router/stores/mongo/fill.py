"""Gives rows that an older version wrote the fields that later indexes need; a part of the migrations."""

from router.stores.backlog import bucket, needs
from router.stores.codec import conversation_from
from router.stores.mongo.client import Database, Row, Write

#: Rows read at a time.
PAGE = 500


async def fill_backlog(database: Database) -> None:
    """Set `needs` and `bucket` of all open conversations that lack them; safe to run twice and beside others."""
    lacking = {"status": "open", "bucket": {"$exists": False}}
    while rows := await database.rows("conversations", lacking, limit=PAGE, only=("version", "doc")):
        # whoever was changed meanwhile has the fields, or is read again in the next round
        await database.write([_filled(database, row) for row in rows])


def _filled(database: Database, row: Row) -> Write:
    one = conversation_from(row["doc"])
    words = needs(one)
    fields: Row = {"bucket": bucket(one), **({} if words is None else {"needs": words})}
    return database.updating(
        "conversations", {"_id": row["_id"], "version": row["version"]}, {"$set": fields}
    )
