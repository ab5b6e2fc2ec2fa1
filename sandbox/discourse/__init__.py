"""A stand-in for a Discourse forum: its API, its webhooks, its limits, and people who write there."""

from sandbox.discourse.stand import DiscourseStand

stand = DiscourseStand

__all__ = ["DiscourseStand", "stand"]
