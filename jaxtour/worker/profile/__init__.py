"""Where a compiled call's time goes: by instruction, and by line of the learner's source."""
