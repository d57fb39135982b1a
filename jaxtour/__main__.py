"""`python -m jaxtour`."""

import sys

if __name__ == "__main__" and not sys.flags.safe_path:
    # Python puts the current folder first, whose queue.py would stand in for the library's.
    del sys.path[0]

from jaxtour.entry import main

main()
