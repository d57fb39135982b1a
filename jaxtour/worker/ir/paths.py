"""Reads the paths of operations: JAX's name stack and the primitive, `jit(f)/while/body/mul`."""

import re

_OF_BRANCH = re.compile(r"(?:^|/)cond/branch_\d+_fun/(?:closed_call/|eval_jaxpr/)*[^/]+$")


def is_enclosing(path: str) -> bool:
    """Return whether a path names only functions around an operation: its place is then that of a call."""
    return not path or path.endswith(")") or "/" not in path


def is_of_branch(path: str) -> bool:
    """Return whether a path is that of an operation directly in a branch, not in a loop or function there."""
    return bool(_OF_BRANCH.search(path))


def last_name(path: str) -> str:
    """Return the last name of a path: the primitive."""
    return path.rpartition("/")[2]


def without_root(path: str, root: str) -> str:
    """Return a path without its first name, if that is `root`."""
    if not root or not path.startswith(root):
        return path
    return path[len(root) :].removeprefix("/")
