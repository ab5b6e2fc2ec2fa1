"""What the command line does with accounts: `handleby users add|link|token`."""

from router.desk.accounts import Role, User, add, everyone
from router.desk.links import first_link, link
from router.desk.sessions import token

__all__ = ["Role", "User", "add", "everyone", "first_link", "link", "token"]
