"""A post as Discourse writes it into webhooks, lists and topics; only what is used of it."""

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta, Struct

#: Discourse's own: ordinary posts, against moderators' actions (2), small actions (3) and whispers (4).
REGULAR = 1
PRIVATE = "private_message"

Id = Annotated[int, Meta(ge=1, le=2**62)]


class ReplyTo(Struct, frozen=True, kw_only=True):
    """Whose post it answers."""

    username: str = ""


class Post(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One post."""

    id: Id
    topic_id: Id
    #: Below zero for the forum's own programs.
    user_id: int
    username: str
    name: str | None = None
    post_number: int = 0
    post_type: int = REGULAR
    version: int = 1
    created_at: datetime | None = None
    updated_at: datetime | None = None
    raw: str | None = None
    cooked: str | None = None
    topic_title: str | None = None
    topic_archetype: str | None = None
    category_id: int | None = None
    category_slug: str | None = None
    reply_to_post_number: int | None = None
    reply_to_user: ReplyTo | None = None
    hidden: bool | None = None
    user_deleted: bool | None = None
    deleted_at: datetime | None = None
    staff: bool | None = None
    moderator: bool | None = None
    admin: bool | None = None
    locale: str | None = None

    @property
    def gone(self) -> bool:
        """Tell whether its author or a moderator took it away."""
        return self.deleted_at is not None or bool(self.user_deleted)

    @property
    def by_site_staff(self) -> bool:
        """Tell whether an admin or moderator of the forum wrote it."""
        return bool(self.staff or self.moderator or self.admin)


def read(data: Any) -> Post:
    """Return the post. Raises ValueError saying what is wrong with it."""
    try:
        return msgspec.convert(data, Post)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error


def utc(moment: datetime | None) -> datetime | None:
    """Return the time in UTC, whole milliseconds."""
    if moment is None:
        return None
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    whole = aware.astimezone(UTC)
    return whole.replace(microsecond=whole.microsecond // 1000 * 1000)
