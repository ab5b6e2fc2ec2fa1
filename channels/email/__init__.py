"""Email: mail in by SMTP or IMAP, mail out by SMTP."""
