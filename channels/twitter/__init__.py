"""X (Twitter): mentions, replies and direct messages of one account, in and out."""
