"""Foreign text: made harmless once, where it comes in; what must stay as it was has a type of its own."""
