"""Print programs of many kinds with this Python's JAX: `PYTHON generate.py [STAGE] > VERSION.txt`.

Each begins with a line `=== name: operations`: the primitives of the jaxpr or, with the stage
`stablehlo`, the operations of its module. With `hlo` there are none: the compiler's Python API does not list them.
"""

import re
import sys

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, NamedSharding
from jax.sharding import PartitionSpec as P

jax.config.update("jax_num_cpu_devices", 8)
jax.config.update("jax_platforms", "cpu")

w = jnp.array([0.3, -1.2])
X = jnp.array([[1.0, 0.5], [-0.4, 2.0], [0.1, 0.1]])
ring = jax.make_mesh((8,), ("x",), axis_types=(AxisType.Auto,))
board = jax.make_mesh((4, 2), ("x", "y"), axis_types=(AxisType.Explicit,) * 2)
eight = jnp.arange(8.0)


def predict(w, x):
    return 0.5 * (jnp.tanh(jnp.dot(w, x) / 2) + 1)


def f(x):
    return x**2 + 3 * x + jnp.sin(x) / 4


@jax.jit
def elu(x):
    return jnp.where(x > 0, x, jnp.expm1(x))


@jax.custom_jvp
def log1pexp(x):
    return jnp.log(1.0 + jnp.exp(x))


log1pexp.defjvp(lambda p, t: (log1pexp(p[0]), (1 - 1 / (1 + jnp.exp(p[0]))) * t[0]))


@jax.custom_vjp
def product(x, y):
    return jnp.sin(x) * y


product.defvjp(lambda x, y: (product(x, y), (jnp.cos(x), jnp.sin(x), y)), lambda r, g: (r[0] * g * r[2], r[1] * g))


def printing(x):
    jax.debug.print("x is [red]{x}[/], don't = worry", x=x)
    jax.debug.callback(lambda y: None, x)
    return x * 2


def writing(r, x):
    r[0] = x
    r[...] = r[...] + 1
    jax.ref.addupdate(r, (1,), x) if hasattr(jax, "ref") else None
    return r[1]


def around(x):
    neighbour = lax.ppermute(x, "x", [(i, (i + 1) % 8) for i in range(8)])
    return neighbour + lax.axis_index("x") + lax.all_gather(x, "x").sum()


CASES = {
    "quadratic": (lambda x: 2 * x**2 + 3 * x + 3, 3),
    "grad": (jax.grad(f), 3.0),
    "hessian": (jax.hessian(lambda x: jnp.sum(x**3)), w),
    "vmap": (jax.vmap(predict, (None, 0)), w, X),
    "shared jaxprs": (jax.jit(lambda x: elu(x) * elu(x + 1)), w),
    "selu": (jax.grad(lambda x: jnp.sum(jax.nn.selu(x))), w),
    "scan": (lambda xs: lax.scan(lambda c, x: (c + x, c * x), 0.0, xs), jnp.arange(5.0)),
    "scan of grad": (jax.grad(lambda xs: lax.scan(lambda c, x: (c * x, c), 1.0, xs)[0]), jnp.arange(5.0)),
    "scan of nothing": (lambda x: lax.scan(lambda c, i: (c, None), x, None, length=3), 2.0),
    "cond": (lambda x: lax.cond(x > 0, lambda y: y * 2, lambda y: -y, x), 3.0),
    "switch": (lambda i, x: lax.switch(i, [jnp.sin, jnp.cos, lambda y: y * elu(y)], x), 1, 3.0),
    "while": (lambda x: lax.while_loop(lambda c: c[0] < 10, lambda c: (c[0] + 1, c[1] * 2.0), (0, x)), 3.0),
    "fori": (lambda x: lax.fori_loop(0, 10, lambda i, c: c + i, x), 3),
    "custom_jvp": (jax.vmap(jax.grad(log1pexp)), w),
    "custom_vjp": (jax.value_and_grad(product), 3.0, 4.0),
    "normal": (lambda: jax.random.normal(jax.random.key(0), (3,)),),
    "split": (lambda k: [jax.random.bernoulli(q) for q in jax.random.split(k, 3)], jax.random.key(1)),
    "old key": (lambda k: jax.random.uniform(k, (2, 3)), jax.random.PRNGKey(0)),
    "set": (lambda x: x.at[1, :].set(1.0).at[jnp.array([0, 1])].add(1.0, mode="drop"), X),
    "reductions": (lambda x: (x.min((0, 1)), x.sum(), x.mean(1), jnp.argmax(x)), X),
    "dtypes": (lambda x: [x.astype(d) for d in ("bfloat16", "int8", "bool", "float8_e4m3fn", "complex64", "int4")], w),
    "complex": (lambda x: x * (1 + 2j) + 1e-8 * jnp.inf - jnp.nan, w),
    "literals": (lambda x: (x + 1e-30, x * -1.5, x + np.float32(np.inf), x * np.nan, x**-2, x * 1e10), 3.0),
    "constants": (lambda x: x + np.ones((3, 2), np.float32), X),
    "logic": (lambda x: (x > 0) & (x < 1) | ~(x == 0) ^ jnp.array([True, False]), w),
    "remat": (jax.grad(jax.checkpoint(lambda x: jnp.sin(jnp.sin(x)))), 3.0),
    "printing": (printing, 3.0),
    "callback": (lambda x: jax.pure_callback(np.sin, jax.ShapeDtypeStruct((), jnp.float32), x), 3.0),
    "references": (jax.jit(writing), jax.new_ref(w), 1.0),
    "shard_map": (jax.shard_map(lambda x: lax.psum(x * 2, "x"), mesh=ring, in_specs=P("x"), out_specs=P()), eight),
    "ring": (jax.shard_map(around, mesh=ring, in_specs=P("x"), out_specs=P("x"), check_vma=False), eight),
    "constraint": (lambda x: lax.with_sharding_constraint(x, NamedSharding(ring, P("x"))), eight),
    "pmap": (jax.pmap(lambda a, b: a @ b, in_axes=(0, None)), jnp.ones((8, 2, 3)), jnp.ones((3, 4))),
    "many": (lambda *a: sum(a), *[float(i) for i in range(30)]),
    "empty": (lambda: (),),
    "precision": (lambda a: jnp.einsum("bij,bjk->bik", a, a, precision="highest"), jnp.ones((2, 3, 3))),
}


def names(jaxpr):
    """Return every primitive, including those of nested jaxprs."""
    found = set()
    for equation in jaxpr.eqns:
        found.add(equation.primitive.name)
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=lambda leaf: hasattr(leaf, "eqns")):
            inner = getattr(inner, "jaxpr", inner)
            if hasattr(inner, "eqns"):
                found |= names(inner)
    return found


def show(name, closed, text=None):
    print(f"=== {name}: {' '.join(sorted(names(closed.jaxpr)))}")
    print(text or closed)


LOWERED = (
    "grad", "vmap", "shared jaxprs", "selu", "scan", "cond", "switch", "while", "set", "reductions", "dtypes",
    "complex", "logic", "printing", "callback", "shard_map", "ring", "constraint", "precision",
)  # fmt: skip
"""Programs that show the later stages' features; the others would only make the texts longer."""


def operations(module):
    """Return every operation of a module, including those of nested regions."""
    found = {module.operation.name}
    for region in module.operation.regions:
        for block in region:
            for operation in block:
                found |= operations(operation)
    return found


def show_lowered(name, stage, lowered):
    if stage == "hlo":
        print(f"=== {name}: ")
        # The tables of files and frames contain paths of this machine.
        print(re.sub(r"\n+FileNames\n.*?\n\n\n", "\n\n", lowered.compile().as_text(), flags=re.S))
        return
    print(f"=== {name}: {' '.join(sorted(operations(lowered.compiler_ir())))}")
    print(re.sub(r'"/[^"]*"', '"<jaxtour:lesson/step>"', lowered.as_text(debug_info=name == "grad")))


def show_jaxprs():
    for name, (function, *arguments) in CASES.items():
        show(name, jax.make_jaxpr(function)(*arguments))
    with jax.set_mesh(board):
        y = jax.device_put(jnp.arange(64.0).reshape(8, 8), NamedSharding(board, P("x", "y")))
        show("explicit", jax.make_jaxpr(jax.jit(lambda a: jax.reshard(jnp.sin(a), P(None, "y")).sum(0)))(y))
    closed = jax.make_jaxpr(jax.grad(f))(3.0)
    show("name stack", closed, closed.pretty_print(name_stack=True, use_color=False))


if __name__ == "__main__":
    stage = sys.argv[1] if len(sys.argv) > 1 else "jaxpr"
    if stage == "jaxpr":
        show_jaxprs()
    for name in LOWERED if stage != "jaxpr" else ():
        function, *arguments = CASES[name]
        show_lowered(name, stage, jax.jit(function).lower(*arguments))
