"""Programs to time, and their events."""

import jax

from jaxtour.worker.compat import CompileEvents
from jaxtour.worker.timing import bench

CODE = """\
import functools
import jax, jax.numpy as jnp, numpy as np
rng = np.random.default_rng(0)
N = rng.random((300, 300), np.float32)
n = N[:20, :20].copy()
A = jnp.asarray(N)
w, X = jnp.ones(2), jnp.ones((3, 2))
product = jax.jit(lambda x: x @ x.T)
small = jax.jit(lambda x: x + 1)
pair = jax.jit(lambda x: (x, x + 1))
zero = jax.jit(lambda: jnp.sum(jnp.ones((1000, 1000))))
captured = jax.jit(lambda x: x @ N)
folded = jax.jit(lambda: jnp.dot(N, N.T))
unused = jax.jit(lambda x: (x @ x.T, x)[1])
def is_short(c): return c[0] < c[1][0, 0] * 0 + 3
endless = jax.jit(lambda x: jax.lax.while_loop(is_short, lambda c: (c[0] + 1, c[1] * 2), (0.0, x))[1])
counted = jax.jit(lambda x: jax.lax.fori_loop(0, 3, lambda i, c: c @ x / 300, x))
def compiles_inside(x):
    return jax.jit(lambda y: y * 2)(x)
def eager(x):
    return jnp.tanh(x) @ x.T
def sends(x):
    return product(x) + N
def scaled(x):
    return x * 2 + 1
class Scale:
    def __init__(self, by): self.by = by
    def __call__(self, x): return x * self.by + 1
class Net:
    def __init__(self): self.layers = [Scale(0.5) for _ in range(40)]
    def __call__(self, x):
        for layer in self.layers: x = layer(x)
        return x
net = Net()
jitted_net = jax.jit(net)
class Wrapper:
    def __init__(self, call): self.jit = jax.jit(call); self.lower, self.trace = self.jit.lower, self.jit.trace
    def __call__(self, x):
        sorted(range(20_000), key=lambda number: -number)
        return self.jit(x)
wrapped_net = Wrapper(net)
def to_float(x):
    return float(jnp.sum(x))
made = []
def make():
    made.append(1)
    return X
zipped = jax.jit(lambda x: x + 1, donate_argnums=0)
def zips(x):
    return zipped(x) * 2
memory = {}
def remembers(x):
    if "it" not in memory: memory["it"] = product(x)
    return memory["it"]
@functools.lru_cache
def cached(k): return product(A) + k
def same(x): return x
def as_numpy(x): return np.asarray(x) + 1
def lazily(x): return (x + k for k in range(3))
def nothing(x): small(x)
few = jnp.arange(4.0)
captures_few = jax.jit(lambda x: x @ x.T * few.sum())
captures_array = jax.jit(lambda x: x @ A)
power = functools.partial(jax.jit(lambda x, k: x ** k, static_argnames="k"), k=3)
def in_64_bits(x):
    with jax.enable_x64(True): return jnp.sum(jnp.asarray(x, jnp.float64))
def uncompiled(x):
    with jax.disable_jit(): return product(x)
asks_host = jax.jit(lambda x: jax.pure_callback(np.sin, jax.ShapeDtypeStruct(x.shape, x.dtype), x))
@jax.jit
def prints(x):
    jax.debug.print("{}", x[0, 0])
    return x + 1
def seeds(x): return x + np.random.rand()
def mutates(many, x):
    many.append(1)
    return x * len(many)
class Second:
    def __init__(self): self.calls = 0
    def __call__(self, x):
        self.calls += 1
        if self.calls == 2: raise ValueError("not twice")
        return x
class Stop:
    def __init__(self, after): self.left = after
    def __call__(self):
        self.left -= 1
        if not self.left: raise KeyboardInterrupt
"""
EVENTS = CompileEvents()


def events_of(workspace, *entries, brief=False):
    events = []
    whole = [{"label": entry["call"], **entry} for entry in entries]
    bench.Bench(workspace, jax.devices(), EVENTS, events.append).measure(whole, brief=brief)
    return events


def said(workspace, *calls, on="each platform", **more):
    events = events_of(workspace, *({"call": call, "on": on, **more} for call in calls))
    return [event for event in events if event["event"] == "timing"]


def codes(timing):
    return {verdict["code"] for verdict in timing["verdicts"]}
