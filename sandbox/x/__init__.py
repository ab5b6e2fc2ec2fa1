"""X on this machine: API v2 with its signatures, limits, errors, stream and webhooks."""

from sandbox.x.stand import XStand as stand  # noqa: N813  # the name that every stand-in has

__all__ = ["stand"]
