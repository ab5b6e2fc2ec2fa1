"""How promises turned out, for those who run the house: figures, reasons, gaps and the weekly letter."""
