"""Figures with the command that reproduces them, each beside a baseline measured in the same run."""
