"""What a channel's account may ask of the service, how it is, and the way out to its provider."""
