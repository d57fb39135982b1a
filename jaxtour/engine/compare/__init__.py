"""Compares what runs gave: with what a lesson expects, with what a learner predicted, and with each other."""
