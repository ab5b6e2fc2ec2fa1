"""Phone callbacks: customers ask to be called, and a person calls them when it is their turn, through Twilio."""
