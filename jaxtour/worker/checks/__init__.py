"""Checks of an exercise: what must be true of the learner's code, by meaning and never by its text."""
