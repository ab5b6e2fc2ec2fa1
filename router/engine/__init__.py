"""How a promised time is computed: pure, from what waits, who works and what was learnt."""
