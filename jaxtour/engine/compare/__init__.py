"""Compares the results of runs: with what a lesson expects, with what a learner predicted, and with each other."""
