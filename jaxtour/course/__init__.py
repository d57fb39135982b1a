"""Reads, validates and lists the lessons, and keeps the learner's progress."""
