"""The lessons: read, validated, listed, and how far the learner is."""
