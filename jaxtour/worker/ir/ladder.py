"""The ladder of a call of composed transformations: the jaxprs of f, grad(f), and so on for `jit(vmap(grad(f)))(x)`.

The arguments of the inner functions are known only while JAX traces the whole call. So this module rebuilds the
composition from its source with a recorder around each function, traces it, and then traces each level with the
recorded arguments.
"""

import ast
import functools
import linecache
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from types import MethodType
from typing import Any, TypeAlias

import jax

from .. import compat
from ..runner.execute import Workspace, parsed_expression
from ..runner.failures import attempt
from ..runner.functions import is_jax, layers
from ..runner.learners import LESSON_FILE
from ..runner.programs import Program
from ..runner.writer import Event
from . import lens
from .arguments import MOST_STATIC, text_of
from .spans import Span, span
from .stages import Say

MOST_LEVELS = 12
_LABEL_CAP = 60

Definition: TypeAlias = ast.expr | ast.FunctionDef
"""The expression or function that a name is bound to."""


@dataclass
class Level:
    """A level of the ladder: a function and its first call."""

    label: str
    transform: str
    function: Any
    given: lens.Call | None = None
    """Its first call."""


@dataclass(frozen=True)
class Layer:
    """A transformation as the source applies it."""

    name: str
    apply: Callable[[Any], Any]


def ladder(
    workspace: Workspace, expression: str, codes: Iterable[str], say: Say, program: Program | None = None
) -> None:
    """Send each level, innermost first, with the pieces of its jaxpr; `codes` may bind names used in the call.

    For a recorded program, this is the ladder of the call that compiled it.
    """
    if program is None:
        levels, error = attempt(_climbed, workspace, expression, codes)
    else:
        levels, error = attempt(_climbed_again, workspace, program, codes)
    if levels is None:
        label = " ".join(expression.split())[:_LABEL_CAP]
        say(
            {
                "event": "level",
                "index": 0,
                "label": label,
                "error": lens.why_not(error) if error else "this is not a call",
            }
        )
        return
    for index, level in enumerate(levels):
        said: Event = {"event": "level", "index": index, "label": level.label, "transform": level.transform}
        if level.given is None:
            say({**said, "error": "the transformation around it did not call it"})
            continue
        # A number that reaches an inner function as a number is static there.
        traced, error = attempt(functools.partial(lens.trace, level.given, numbers=level is levels[-1]))
        if traced is None:
            say({**said, "error": lens.why_not(error) if error else "it cannot be traced"})
            continue
        static = list(traced.leaves.static.items())[:MOST_STATIC]
        say({**said, "static": {name: text_of(value) for name, value in static}})
        head = {"event": "stage", "index": index, "stage": "jaxpr", "level": True}
        for piece in lens.shown(traced.jaxpr).pieces(head):
            say(piece)


def _climbed(workspace: Workspace, expression: str, codes: Iterable[str]) -> list[Level] | None:
    """Return the levels with their calls, innermost first; None if the expression is not a call."""
    call = lens.parse_call(workspace, expression)
    node = parsed_expression(expression)
    if call is None or not isinstance(node, ast.Call):
        return None
    return _levels(workspace, node.func, call, _bindings(codes))


def _climbed_again(workspace: Workspace, program: Program, codes: Iterable[str]) -> list[Level]:
    """Return the levels of the call that compiled a program; only its `jit` if the source leads no further."""
    wrapped = program.wrapped()
    if wrapped is None:
        raise lens.LensError("the jitted function is gone")
    call = lens.Call(jax.jit(wrapped, **program.lowering.options), *program.call)
    node = _called_at(program.around)
    if node is not None:
        levels, _ = attempt(_levels, workspace, node, call, _bindings(codes, nested=True))
        if levels is not None and len(levels) > 1 and all(level.given for level in levels):
            return levels
    return _levels(workspace, ast.Name(program.lowering.name, ast.Load()), call, {})


def _called_at(around: Span | None) -> ast.expr | None:
    """Return the function of the call at an expression; None without one."""
    if around is None:
        return None
    lesson = f"<jaxtour:{around[0]}>"
    file = lesson if lesson in linecache.cache else around[0]
    tree, _ = attempt(ast.parse, "".join(linecache.getlines(file)))
    for node in ast.walk(tree) if tree else ():
        if isinstance(node, ast.Call):
            place = span(file, node.lineno, node.col_offset, node.end_lineno or 0, node.end_col_offset or 0)
            if place and place[1:5] == around[1:5]:
                function = node.func
                ahead = isinstance(function, ast.Attribute) and function.attr in ("lower", "trace")
                return function.value if ahead and isinstance(function, ast.Attribute) else function
    return None


def _levels(workspace: Workspace, node: Definition, call: lens.Call, bindings: dict[str, Definition]) -> list[Level]:
    if isinstance(call.function, MethodType):
        # The wrapped function takes the object as its first argument.
        call = lens.Call(call.function.__func__, (call.function.__self__, *call.args), call.kwargs)
    taken, function, label = _taken_apart(workspace, node, call.function, bindings)
    levels = [Level(label, "", function)]
    for layer in reversed(taken):
        function = layer.apply(_recorded(levels, len(levels) - 1))
        label = f"{layer.name}({label})"
        levels.append(Level(label, layer.name, function))
    # The call itself goes through a recorder too: lens.trace retries with fewer abstract values.
    outer = _recorded(levels, len(levels) - 1)
    _, error = attempt(lens.trace, lens.Call(outer, call.args, call.kwargs))
    levels[-1].given = lens.Call(levels[-1].function if taken else call.function, call.args, call.kwargs)
    if error and len(levels) > 1 and levels[0].given is None:
        raise error
    return levels


def _recorded(levels: list[Level], place: int) -> Callable[..., Any]:
    """Wrap the level's function to record its first call; a call of the outermost level resets all records."""
    level = levels[place]
    function = level.function

    @functools.wraps(function)
    def recorded(*args: Any, **kwargs: Any) -> Any:
        if place == len(levels) - 1:
            for below in levels:
                below.given = None
        if level.given is None:
            level.given = lens.Call(function, *jax.tree.map(_shape, (args, kwargs)))
        return function(*args, **kwargs)

    # A partial has no name for JAX to use.
    recorded.__name__ = recorded.__qualname__ = next(
        (layer.__name__ for layer in layers(function) if hasattr(layer, "__name__")), "call"
    )
    return recorded


def _shape(leaf: Any) -> Any:
    if not compat.is_tracer(leaf):
        return leaf
    aval = jax.typeof(leaf)
    return jax.ShapeDtypeStruct(aval.shape, aval.dtype, weak_type=getattr(aval, "weak_type", False))


def _taken_apart(
    workspace: Workspace, node: Definition, function: Any, bindings: dict[str, Definition]
) -> tuple[list[Layer], Any, str]:
    """Return the transformations, outermost first, the function they transform, and its name."""
    found: list[Layer] = []
    decorators = 0
    seen: set[str] = set()
    while compat.transformation(function) is not None and len(found) < MOST_LEVELS:
        if isinstance(node, ast.Name) and node.id in bindings and node.id not in seen:
            seen.add(node.id)
            node, decorators = bindings[node.id], 0
        elif isinstance(node, ast.FunctionDef) and decorators < len(node.decorator_list):
            found.append(_decorator(workspace, node.decorator_list[decorators]))
            decorators += 1
            function = function.__wrapped__
        elif isinstance(node, ast.Call) and node.args and not isinstance(node.args[0], ast.Starred):
            found.append(_applied(workspace, node))
            node, function = node.args[0], function.__wrapped__
        elif compat.is_jitted(function) and not is_jax(function):
            found.append(Layer("jit", functools.partial(compat.jitted_again, function)))
            function = function.__wrapped__
            node = ast.Name(str(getattr(function, "__name__", "")) or ast.unparse(node), ast.Load())
        else:
            break
    return found, function, _label(node)


def _decorator(workspace: Workspace, node: ast.expr) -> Layer:
    return Layer(_transform(node), lambda below: workspace.evaluate_tree(node)(below))


def _applied(workspace: Workspace, node: ast.Call) -> Layer:
    name = ast.copy_location(ast.Name("__jaxtour_below__", ast.Load()), node)
    call = ast.copy_location(ast.Call(node.func, [name, *node.args[1:]], node.keywords), node)
    return Layer(_transform(node.func), lambda below: workspace.evaluate_tree(call, {name.id: below}))


def _transform(node: ast.expr) -> str:
    """Return the name of a transformation: `vmap` for `jax.vmap` and for `partial(jax.vmap, in_axes=1)`."""
    while isinstance(node, ast.Call):
        node = node.args[0] if node.args else node.func
    return node.attr if isinstance(node, ast.Attribute) else ast.unparse(node)[:_LABEL_CAP]


def _label(node: Definition) -> str:
    if isinstance(node, ast.FunctionDef):
        return node.name
    text = " ".join(ast.unparse(node).split())
    return text if len(text) <= _LABEL_CAP else f"{text[: _LABEL_CAP - 1]}…"


def _bindings(codes: Iterable[str], *, nested: bool = False) -> dict[str, Definition]:
    """Return the bindings of lesson code; `codes` take precedence, and later bindings win.

    With `nested`, those inside functions too, unless the top level has the name.
    """
    lessons = ["".join(linecache.getlines(file)) for file in list(linecache.cache) if LESSON_FILE.match(file)]
    every = [*lessons, *codes]
    inside = (bound for code in every if nested for bound in _bound_in(code, nested=True))
    return {**dict(inside), **dict(bound for code in every for bound in _bound_in(code))}


def _bound_in(code: str, *, nested: bool = False) -> Iterator[tuple[str, Definition]]:
    tree, _ = attempt(ast.parse, code)
    statements = ast.walk(tree) if tree and nested else tree.body if tree else []
    for statement in statements:
        if isinstance(statement, ast.FunctionDef):
            yield statement.name, statement
        elif isinstance(statement, (ast.Assign, ast.AnnAssign)) and statement.value is not None:
            targets = statement.targets if isinstance(statement, ast.Assign) else [statement.target]
            for target in targets:
                if isinstance(target, ast.Name):
                    yield target.id, statement.value
