"""How well promises are kept: the real router on a simulated clock, and replay of real logs, beside simpler methods."""
