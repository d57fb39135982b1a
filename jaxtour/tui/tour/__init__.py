"""The screen of a step: its model, what is drawn from it, and the controllers of its keys."""
