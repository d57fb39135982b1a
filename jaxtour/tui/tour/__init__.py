"""The screen of a step: its model, the step view that panes draw, and the controllers of its keys."""
