"""A stand-in for Slack: one workspace with an app of ours, and people who press buttons."""

from sandbox.slack.stand import Slack

stand = Slack

__all__ = ["Slack", "stand"]
