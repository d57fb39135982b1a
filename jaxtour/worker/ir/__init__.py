"""The stages of a call as text, with links from each line to the learner's source."""
