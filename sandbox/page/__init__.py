"""The page that shows both sides: what customers see at each provider, and what the desk sees."""

from sandbox.page.server import Page
from sandbox.page.sides import Sides

__all__ = ["Page", "Sides"]
