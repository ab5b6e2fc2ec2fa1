"""A stand-in for Twilio Voice: its interface for calls, its webhooks, and people who answer telephones."""

from sandbox.twilio.stand import TwilioStand

stand = TwilioStand

__all__ = ["TwilioStand", "stand"]
