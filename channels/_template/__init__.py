"""A messaging service with signed webhooks: one account sends and receives for us."""
