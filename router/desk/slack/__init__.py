"""Slack for agents: a direct message for work that is theirs or at risk, with buttons that act."""

from router.desk.slack.app import Slack
from router.desk.slack.office import Office

__all__ = ["Office", "Slack"]
