"""Running a step's code and saying what came of it."""
