"""What the commands without a screen do; `jaxtour.cli` reads their words and comes here."""
