#!/usr/bin/env bash
# Says line by line what agrees on a GPU: devices, timing, profile, memory and values of a small program.
#   bash tools/gpu_check.sh [cpu]     with `cpu` it tries itself on the CPU
# Takes a minute or two. The exit code is 1 if something does not agree.
set -euo pipefail
cd "$(dirname "$0")/.."
platform="${1:-gpu}"
python="${PYTHON:-python3}"
folder="$(mktemp -d)"
trap 'rm -rf "$folder"' EXIT

cat > "$folder/program.py" <<'PROGRAM'
import jax
import jax.numpy as jnp


def layer(x, w):
    return jnp.tanh(x @ w)


def loss(ws, x):
    for w in ws:
        x = layer(x, w)
    return jnp.sum(jnp.sqrt(x - x[:1]))


@jax.jit
def step(ws, x):
    return jax.value_and_grad(loss)(ws, x)


x = jax.random.normal(jax.random.key(0), (2048, 2048))
ws = [x * 0.01] * 4
PROGRAM

jaxtour() { "$python" -m jaxtour "$@"; }
run() { # run NAME COMMAND...: keeps what the command prints, and what it says when it fails
    local name="$1"
    shift
    if ! jaxtour "$@" --json > "$folder/$name.json" 2> "$folder/$name.err"; then
        echo "$name: exit code not 0: $(tail -n 1 "$folder/$name.err")" > "$folder/$name.failed"
    fi
}

call=(--call 'step(ws, x)' --platform "$platform")
run devices devices --platform "$platform"
run time time "$folder/program.py" "${call[@]}"
run profile profile "$folder/program.py" "${call[@]}"
run lens lens "$folder/program.py" "${call[@]}" --stage hlo
run values values "$folder/program.py" "${call[@]}"

"$python" - "$folder" "$platform" <<'CHECK'
import json
import sys
from pathlib import Path

folder, platform = Path(sys.argv[1]), sys.argv[2]
failed = 0


def say(agrees, words):
    global failed
    failed += not agrees
    print("agrees   " if agrees else "DIFFERS  ", words)


def read(name):
    if (why := folder / f"{name}.failed").exists():
        say(False, why.read_text().strip())
    try:
        return json.loads((folder / f"{name}.json").read_text())
    except ValueError:
        say(False, f"{name}: printed no JSON")
        return None


if (devices := read("devices")) is not None:
    found = {device["platform"] for device in devices.get("devices", ())}
    say(platform in found or (platform == "gpu" and "cuda" in found), f"devices: JAX finds {sorted(found)}")
timed, profiled = read("time"), read("profile")
if timed is not None:
    rows = [row for row in timed.get("timings", ()) if not row.get("error")]
    say(bool(rows), f"time: {len(rows)} timings without an error")
if profiled is not None:
    total = sum(line["self_s"] for line in profiled["lines"]) + profiled["unaccounted_s"]
    say(abs(total - profiled["wall_s"]) <= 1e-6 * profiled["wall_s"], f"profile: lines and the rest make {total:.6f} s")
    covered = profiled["covered_s"] / profiled["wall_s"]
    say(covered > 0.5, f"profile: instructions cover {covered:.0%} of the call")
    named = [each for each in profiled["instructions"] if each["opcode"]]
    say(len(named) >= 0.99 * len(profiled["instructions"]), f"profile: {len(named)} instructions are named in the HLO")
    hottest = max(profiled["lines"], key=lambda line: line["self_s"], default=None)
    say(hottest is not None and hottest["line"] == 6, f"profile: the hottest line is the product's, {hottest}")
if (lens := read("lens")) is not None:
    [stage] = lens["calls"][0]["stages"]
    memory = stage["memory"]
    say(memory is not None, "memory: the compiler says who owns which bytes")
    if memory is not None:
        parts = memory["peak_bytes"] + memory["unwritten_bytes"] + memory["gap_bytes"]
        say(parts == memory["compiler_bytes"], f"memory: {parts} B at the peak, as the compiler says")
        cost = stage["cost"]
        told = cost.get("temporary_bytes", 0) + cost.get("output_bytes", 0)
        say(told == memory["compiler_bytes"] + memory["donated_bytes"], f"memory: JAX's own analysis says {told} B")
        saved = sum(line["saved_for_backward"] for line in memory["lines"])
        say(saved > 0, f"memory: {saved} B are saved for the backward pass")
        say(platform == "cpu" or memory["limit_bytes"], f"memory: the device's limit is {memory['limit_bytes']}")
if (values := read("values")) is not None:
    bad = values["first_bad"]
    say(bool(bad) and bad["kind"] == "nan" and bad["primitive"] == "sqrt", f"values: the first nan is of {bad and bad['primitive']}")
print(f"{failed} of these differ" if failed else "all of it agrees")
sys.exit(bool(failed))
CHECK
