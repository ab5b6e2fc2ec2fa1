"""What a message says: which language, whose conversation, what the rules look at, whether it is only thanks."""
