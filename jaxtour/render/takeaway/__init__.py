"""Exports a lesson with the learner's own code and results: as a notebook, a script, Markdown or a page."""
