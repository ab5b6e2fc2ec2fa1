"""What can go wrong in the router; each docstring is the default message for whoever must act.

HandlebyError
├── ConfigError        the settings or rules cannot be used; nothing was started
├── BrokerError
│   ├── BrokerDown     certainly not published
│   └── PublishUnknown may or may not have been published; publish again with the same key
├── StoreError
│   ├── StoreDown      the store did not answer; nothing is known to be written
│   └── StoreFull      no room; nothing was written
├── ActionError        an agent's action cannot be done, and why
│   ├── NotFound
│   ├── Conflict       somebody else was faster; look again
│   └── Forbidden
└── Poison             this one message cannot be processed; it will be parked
"""


class HandlebyError(Exception):
    """Something went wrong in Handleby."""

    def __init__(self, message: str = "") -> None:
        """Take the message; without one, the class's docstring is it."""
        super().__init__(message or (type(self).__doc__ or "").strip())


class ConfigError(HandlebyError):
    """The settings or rules cannot be used. Mend what is named, then start again."""


class BrokerError(HandlebyError):
    """The broker failed."""


class BrokerDown(BrokerError):
    """The broker cannot be reached. The message is in the store; it will be published again."""


class PublishUnknown(BrokerError):
    """The broker did not confirm. The message may be queued; it will be published again."""


class StoreError(HandlebyError):
    """The store failed."""


class StoreDown(StoreError):
    """The store did not answer. Check that it runs and can be reached."""


class StoreFull(StoreError):
    """The store has no room left. Free disk space; senders keep their messages meanwhile."""


class ActionError(HandlebyError):
    """This cannot be done."""


class NotFound(ActionError):
    """There is no such thing."""


class Conflict(ActionError):
    """Somebody else changed it first. Look again, then decide."""


class Forbidden(ActionError):
    """Your role does not allow this."""


class Poison(HandlebyError):
    """This message cannot be processed. It is parked with the reason."""
