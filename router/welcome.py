"""What a person sees when the service has started: where to look, and what to try first."""

from collections.abc import Mapping
from urllib.parse import urlsplit

from router.bootstrap import Parts
from router.desk import users

TEST_MAIL = (
    "python3 -c \"import smtplib; smtplib.SMTP('{host}', {port}).sendmail('ana@example.org', '{address}', "
    "'From: Ana <ana@example.org>\\nTo: {address}\\nSubject: My parcel\\n\\nWhere is my parcel?')\""
)


async def welcome(parts: Parts, url: str, banner: str) -> str:
    """Return the lines to print; with the sample team they hold a first sign-in link."""
    lines = ["", f"Handleby is up for {parts.settings.organisation}.", ""]
    if banner:
        lines += [f"  {banner}", ""]
    lines += [
        f"  Desk        {url}/",
        f"  Web chat    {url}/chat",
        f"  Outbox      {url}/outbox        what customers get",
        f"  Rules       {url}/ops",
        f"  Health      {url}/admin  and  {url}/health/queues",
    ]
    person = next(iter(parts.keeper.book().people.values()), None)
    if parts.keeper.book().sample and person is not None:
        link = await users.first_link(Door(parts, url), person.id)
        lines += ["", f"  Answer as {person.name}: {link}"]
    for account in _mail(parts):
        lines += ["", "  Send a test mail from another terminal:", f"    {TEST_MAIL.format(**account)}"]
    return "\n".join([*lines, "", "  Stop with Ctrl-C.", ""])


def _mail(parts: Parts) -> list[Mapping[str, object]]:
    """Return host, port and address of the first account that listens for mail on this machine."""
    for _, _, given in parts.settings.accounts():
        where = urlsplit(str(given.get("receive") or ""))
        if where.scheme == "smtp" and where.port:
            return [{"host": where.hostname, "port": where.port, "address": given.get("address")}]
    return []


class Door:
    """What making a link needs."""

    def __init__(self, parts: Parts, url: str = "") -> None:
        """Take the parts; `url` where the public address does not hold yet."""
        self.store, self.clock, self.secret = parts.store, parts.clock, parts.secret
        self.public_url, self.book = url or parts.settings.public_url, parts.keeper.book
