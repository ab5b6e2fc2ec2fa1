"""Random identifiers: the only place of the router that asks the computer for randomness."""

import secrets

#: Digits and capitals without 0, O, 1 and I, which people mix up when they read aloud.
UNAMBIGUOUS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
#: 32^6 is about a thousand million: collisions stay rare, and a lost commit draws again.
REFERENCE_LENGTH = 6


class RandomIds:
    """Unguessable ids from the system's secure source."""

    def new(self, prefix: str) -> str:
        """Return a fresh id with 128 random bits, such as `cv_3f…` for the prefix `cv`."""
        return f"{prefix}_{secrets.token_hex(16)}"

    def reference(self) -> str:
        """Return a fresh reference for people, such as `HB-7K2Q9M`."""
        drawn = secrets.token_bytes(REFERENCE_LENGTH)  # 256 is a multiple of 32, so each is as likely
        return "HB-" + "".join([UNAMBIGUOUS[each % len(UNAMBIGUOUS)] for each in drawn])
