"""The store of a fleet: MongoDB 8 or newer, every change within a single document."""

from router.stores.mongo.blobs import MongoBlobs
from router.stores.mongo.commit import MongoCommit
from router.stores.mongo.health import MongoHealth
from router.stores.mongo.intake import MongoIntake
from router.stores.mongo.keep import MongoKeep
from router.stores.mongo.read import MongoRead

__all__ = ["MongoBlobs", "MongoStore"]


class MongoStore(MongoIntake, MongoCommit, MongoRead, MongoKeep, MongoHealth):
    """Journalled majority writes, compare-and-set by document, nothing that needs a transaction."""
