"""Makes a page that shows calls with their source, stages, time and memory in a browser: one file, loading nothing."""
