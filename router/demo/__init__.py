"""The demo: the service as it is, stand-ins for every provider, made-up customers and a made-up team."""
