"""In whose name notes go out, and what these people agreed to."""
