"""What can go wrong with a mail server.

ChannelError
├── SignInRefused   the server does not accept the password or token; a person must act
└── ServerTrouble   the server cannot be reached, hung up, fell silent or answered nonsense; try again
    └── Said        it answered NO or BAD to a command
"""

from channels.errors import ChannelError


class SignInRefused(ChannelError):
    """The server does not accept the password or token."""


class ServerTrouble(ChannelError):
    """The server cannot be reached, hung up, fell silent or answered nonsense."""


class Said(ServerTrouble):
    """The server answered NO or BAD to a command."""
