"""Meta's side of one Facebook page: the Graph API, the webhooks, Messenger, posts and comments."""

from sandbox.meta.stand import MetaStand

stand = MetaStand
