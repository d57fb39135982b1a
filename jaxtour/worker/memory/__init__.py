"""The memory of a compiled call over its schedule, read from the compiler's own buffer assignment."""
