"""`python -m benchmarks [NAME...]`: measure and print ratios; the exit code is 1 if a goal is missed."""

import argparse
import importlib
import json
import os
import platform
from dataclasses import asdict
from pathlib import Path

NAMES = (
    "start",
    "keys",
    "lens",
    "result",
    "course",
    "agreement",
    "command",
    "record",
    "profile_truth",
    "events",
    "remote",
    "faults",
    "ways",
)


def main() -> int:
    """Run the named benchmarks, or all."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(NAMES))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--compare", type=Path, help="the bin folder of an environment with euporie and nbclient")
    parser.add_argument("--json", type=Path, metavar="FILE")
    options = parser.parse_args()
    if unknown := set(options.names) - set(NAMES):
        parser.error(f"there is no benchmark {', '.join(sorted(unknown))}; choose from {', '.join(NAMES)}")
    # Programs once installed run with cached bytecode.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    # The benchmarks' own lessons and files run without a question.
    os.environ["JAXTOUR_TRUST"] = "1"
    figures = []
    print(f"{platform.python_implementation()} {platform.python_version()}, {options.rounds} rounds in turns")
    for name in options.names or NAMES:
        for figure in importlib.import_module(f"benchmarks.{name}").measure(options.rounds, options.compare):
            print(figure, flush=True)
            figures.append(figure)
    if options.json:
        options.json.write_text(json.dumps([asdict(figure) for figure in figures], indent=2) + "\n")
    return int(not all(figure.met for figure in figures))


if __name__ == "__main__":
    raise SystemExit(main())
