"""A stand-in for the visitors of our own web chat: real sockets, as their browsers would open them."""

from sandbox.webchat.stand import WebChatStand

stand = WebChatStand

__all__ = ["WebChatStand", "stand"]
