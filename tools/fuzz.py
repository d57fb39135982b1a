"""`make fuzz SECONDS=60`: tries inputs of every kind, led by the code that they reach, and prints a table.

Each target of `tests/fuzz/targets.py` gets the seconds, in a separate process: `python -m tools.fuzz --one NAME
--seconds N`. What is found stays in `.fuzz/`, and the next run begins with it. An input that fails, or is slow without
the instruments too, is named, and the exit code is 1.
"""

import argparse
import re
import subprocess
import sys
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1] / "tests" / "fuzz"
KEPT = Path(".fuzz")
LONGEST = 65536
INSTRUMENTS = 8
"""How many times slower a call may be while it is watched, before it is tried without."""
DONE = re.compile(r"#(\d+)\s+DONE\s+cov: (\d+) ft: (\d+)")


def main() -> int:
    """Fuzz all targets, or the one that is named."""
    parser = argparse.ArgumentParser(prog="tools.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=int, default=60, help="for each kind of input")
    parser.add_argument("names", nargs="*", metavar="KIND", help="the kinds of input; default: all")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    options = parser.parse_args()
    sys.path.insert(0, str(TESTS))
    if options.one:
        _watch(options.one, options.seconds)
        return 0
    from targets import TARGETS, least

    bad = 0
    print(f"{'input':<22} {'tried':>9} {'edges':>6} {'a second':>9} {'slowest':>8}")
    for name in options.names or TARGETS:
        target = TARGETS[name]
        folder = _folder(name)
        command = [sys.executable, "-m", "tools.fuzz", "--one", name, "--seconds", str(options.seconds)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace")
        tried, edges = map(int, found.groups()[:2]) if (found := DONE.search(done.stderr)) else (0, 0)
        slowest = max((least(target, path.read_bytes()) for path in folder.glob("slow-*")), default=0.0)
        crashes = [path for pattern in ("crash-*", "timeout-*", "oom-*") for path in folder.glob(pattern)]
        print(f"{name:<22} {tried:>9} {edges:>6} {tried / options.seconds:>9.0f} {slowest:>8.2f}", flush=True)
        if crashes or slowest >= 1 or not tried:
            bad += 1
            # The exception is on stdout.
            print("\n".join([*done.stdout.splitlines()[-30:], *done.stderr.splitlines()[-10:]]))
            print(f"NOT SOUND: {', '.join(map(str, crashes)) or folder}")
    return bool(bad)


def _folder(name: str) -> Path:
    folder = KEPT / name.replace(" ", "-").lower()
    (folder / "corpus").mkdir(parents=True, exist_ok=True)
    return folder


def _watch(name: str, seconds: int) -> None:
    """Fuzz one target in this process; libFuzzer ends it."""
    import atheris

    with atheris.instrument_imports(include=["jaxtour", "targets", "nbformat", "jupytext", "tomllib"]):
        from targets import TARGETS, judged

    target, folder = TARGETS[name], _folder(name)
    for number, seed in enumerate(target.seeds):
        (folder / "corpus" / f"seed-{number}").write_bytes(seed)
        target.check(seed)
    slowest = float(INSTRUMENTS)

    def check(data: bytes) -> None:
        nonlocal slowest
        took = judged(target, data)
        if took > slowest:
            slowest = took
            (folder / f"slow-{len(list(folder.glob('slow-*')))}").write_bytes(data)

    words = [
        sys.argv[0], str(folder / "corpus"), f"-max_total_time={seconds}", f"-max_len={LONGEST}", "-timeout=20",
        f"-artifact_prefix={folder}/", "-print_final_stats=1",
    ]  # fmt: skip
    atheris.Setup(words, check)
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
