"""The forum channel: topics and posts of one Discourse site."""
