"""What operations teams decide: text in, decision out."""
