"""Executes a step's code and describes the outcome."""
