"""Whether an expression can be evaluated again without side effects, judging by its code and its values.

A notebook's cells run once. A call runs again, for its trace, only if its code does nothing but compute.
"""

import ast
import builtins
import dataclasses
import functools
import linecache
import types
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import jax
import numpy as np

from .. import compat
from .failures import attempt
from .functions import COMPUTES, HARMLESS, WRITES, is_learners, layers
from .learners import is_shown

Namespace: TypeAlias = Mapping[str, Any]
_CHANGES = (
    ast.Global, ast.Nonlocal, ast.Delete, ast.NamedExpr, ast.Await, ast.Yield, ast.YieldFrom, ast.Import,
    ast.ImportFrom, ast.ClassDef, ast.AsyncFunctionDef, ast.AsyncFor, ast.AsyncWith, ast.While,
)  # fmt: skip
"""A `while` only computes, too, but may run as long as training does."""
_BUILTINS = (
    *HARMLESS, print, isinstance, type, enumerate, map, filter, any, all, reversed, getattr, hasattr, repr, str, slice,
    set, frozenset, pow, divmod, ord, chr,
)  # fmt: skip
_OF_DICTS = {"items", "keys", "values", "get", "copy"}
_METHODS = {name for kind in (jax.Array, tuple, str) for name in dir(kind)} | _OF_DICTS | {"_replace", "_asdict"}
_AT = {"set", "add", "subtract", "multiply", "mul", "divide", "power", "min", "max", "apply", "get"}
"""Methods of `x.at[i]`."""
_GROWS = {"append", "extend", "insert", "update", "setdefault", "add"}
_FRESH = (ast.List, ast.ListComp, ast.Dict, ast.DictComp, ast.Set)


def only_computes(node: ast.expr, names: Namespace) -> bool:
    """Return whether an expression only computes, with these names."""
    return _Reader().reads([node], {**vars(builtins), **names})


class _Reader:
    """Reads code, and that of the learner's functions that it uses, each once."""

    def __init__(self) -> None:
        self._known: set[types.CodeType] = set()

    def reads(self, nodes: list[ast.AST], names: Namespace) -> bool:
        """Return whether the code only computes, with these names besides its own."""
        parts = [part for node in nodes for part in ast.walk(node)]
        own = set(_bound(parts))
        fresh = {
            target.id
            for part in parts
            if isinstance(part, ast.Assign) and isinstance(part.value, _FRESH)
            for target in part.targets
            if isinstance(target, ast.Name)
        }
        return all(self._part(part, names, own, fresh) for part in parts)

    def _part(self, part: ast.AST, names: Namespace, own: set[str], fresh: set[str]) -> bool:
        match part:
            case ast.Name(id=name, ctx=ast.Load()) if name not in own:
                return name in names and self._value(names[name])
            case ast.Attribute(ctx=ast.Load()):
                found = _dotted(part, names, own)
                return found is None or self._value(found)
            case ast.Subscript(ctx=ast.Store(), value=value):
                return isinstance(value, ast.Name) and value.id in fresh
            case ast.Attribute():
                return False
            case ast.Call(func=ast.Attribute(value=base, attr=method) as func):
                if _dotted(func, names, own) is not None:
                    return True
                if isinstance(base, ast.Name) and base.id in fresh:
                    return method in _METHODS | _GROWS
                is_at = isinstance(base, ast.Subscript) and isinstance(base.value, ast.Attribute)
                return method in (_AT if is_at and base.value.attr == "at" else _METHODS)  # type: ignore[attr-defined]
            case ast.Call(func=func):
                return isinstance(func, ast.Name | ast.Call | ast.Lambda)
            case ast.For(iter=ast.Call(func=ast.Name(id="range"))):
                return False  # as long as a training
        return not isinstance(part, _CHANGES)

    def _value(self, value: Any) -> bool:
        """Return whether neither reading nor calling the value has side effects."""
        if not callable(value):
            return not hasattr(value, "__next__")
        if compat.is_jitted(value):
            return True  # JAX keeps its trace
        if isinstance(value, functools.partial):
            return all(map(self._value, (value.func, *value.args, *value.keywords.values())))
        if is_learners(value) or isinstance(value, type):
            return self._own(value)
        if any(value is each for each in _BUILTINS) or isinstance(value, np.ufunc):
            return True
        name, owner = str(getattr(value, "__name__", "")), getattr(value, "__self__", None)
        if isinstance(value, types.BuiltinMethodType) and isinstance(owner, tuple | str | dict):
            return name in _METHODS
        module = getattr(value, "__module__", None) or type(owner).__module__
        parts = module.split(".")
        return parts[0] in COMPUTES and not name.startswith(WRITES) and not (parts[0] == "numpy" and "random" in parts)

    def _own(self, value: Any) -> bool:
        """Return whether a function of the learner's, under any transformations, or a class only computes."""
        if isinstance(value, type):
            is_plain = dataclasses.is_dataclass(value) and not hasattr(value, "__post_init__")
            return is_plain or issubclass(value, Exception) or (issubclass(value, tuple) and hasattr(value, "_fields"))
        functions = [each for each in layers(value) if isinstance(each, types.FunctionType) and is_learners(each)]
        return bool(functions) and all(map(self._function, functions))

    def _function(self, function: types.FunctionType) -> bool:
        code = function.__code__
        if code in self._known:
            return True
        self._known.add(code)
        nodes = _nodes(code)
        cells = zip(code.co_freevars, function.__closure__ or (), strict=True)
        closed = {
            name: cell.cell_contents for name, cell in cells if attempt(getattr, cell, "cell_contents")[1] is None
        }
        return bool(nodes) and self.reads(nodes, {**vars(builtins), **function.__globals__, **closed})


def _bound(parts: list[ast.AST]) -> Iterator[str]:
    """Yield the names that code binds itself."""
    for part in parts:
        match part:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name) | ast.FunctionDef(name=name):
                yield name
            case ast.ExceptHandler(name=str(name)):
                yield name


def _dotted(node: ast.Attribute, names: Namespace, own: set[str]) -> Any:
    """Return the value of a dotted name that the code does not bind; None for anything else."""
    base: ast.expr = node
    path: list[str] = []
    while isinstance(base, ast.Attribute):
        path.insert(0, base.attr)
        base = base.value
    if not isinstance(base, ast.Name) or base.id in own or base.id not in names:
        return None
    return attempt(functools.reduce, getattr, path, names[base.id])[0]


def _nodes(code: types.CodeType) -> list[ast.AST]:
    """Return parameters and body of the functions that begin in the code's line; empty if the text is unavailable."""
    tree, _ = attempt(ast.parse, "".join(linecache.getlines(code.co_filename)))
    found: list[ast.AST] = []
    for node in ast.walk(tree) if tree and is_shown(code) else ():
        if isinstance(node, ast.FunctionDef | ast.Lambda):
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
            if first == code.co_firstlineno:
                found += [node.args, *node.body] if isinstance(node, ast.FunctionDef) else [node.args, node.body]
    return found
