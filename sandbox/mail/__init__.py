"""A stand-in for a mail provider: a mailbox behind IMAP, a submission server, and people who write mails."""

from sandbox.mail.stand import MailStand

stand = MailStand

__all__ = ["MailStand", "stand"]
