"""Running lesson code, seen from inside: the guard, and the runner that holds jax."""
