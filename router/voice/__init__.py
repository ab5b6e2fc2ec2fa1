"""In whose name notes go out, in which words, and what these people agreed to."""
