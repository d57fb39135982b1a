"""The worker process: the guard, and the runner that imports jax and executes lesson code."""
