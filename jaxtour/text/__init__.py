"""Foreign text: made harmless once, where it is decoded; raw text has a type of its own."""
