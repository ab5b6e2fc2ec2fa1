"""What a customer can do by the link in a note: see where the matter stands, and say what suits them."""
