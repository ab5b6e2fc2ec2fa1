"""Where everything is kept: SQLite for one machine, MongoDB for a fleet, one contract for both."""
