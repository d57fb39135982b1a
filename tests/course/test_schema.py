import re
from pathlib import Path

import msgspec
import yaml

from jaxtour.course.loader import loads
from jaxtour.course.model import Check, Exercise, LessonFile, Step
from jaxtour.course.schema import schema

EXAMPLE = """\
format: 1
id: example
title: Example
summary: All keys there are.
minutes: 4
requires: {jax: ">=0.9", devices: 8, platform: cpu}
credits: me
steps:
  - id: one
    title: One
    text: x
    setup: x
    code: x
    trace: [f(x), {label: one, call: f(x)}]
    time: [f(x), {label: one, call: f(x), on: host, baseline: true}]
    raises: TypeError
    expect:
      stdout: 1
      value: [[1, 2], [3, 4]]
      type: Array
      shape: [2, 2]
      dtype: float32
      devices: 1
      primitives: {has: [jit|pjit], lacks: [while]}
      hlo: {has: [fusion]}
      equations: {one: 3}
      compiles: 1
      warns: UserWarning
    after: x
    show: jaxpr
    ask: {question: Q, choices: [1, true, {text: x, reply: y}], answer: 1, hint: x, proof: jaxpr, mark: sin}
    tries: [{label: make x y, old: x, new: y, raises: NameError, after: x}]
    requires: {devices: 2}
    timeout: 1.5
  - id: two
    title: Two
    text: x
    trace: f(x)
    ask: {question: Q, value: f(x)}
    exercise:
      starter: x
      check:
        - {value: f(x), equals: y, given: [{x: "1"}], rtol: 1e-3, atol: 0, say: x}
        - {jaxpr: f(x), has: [scan|while], lacks: [cond], exactly: {sin: 1}, most: 9}
        - {hlo: f(x), has: [fusion]}
        - {memory: f(x), most: 100}
        - {compiles: [f(x), f(y)], most: 2}
        - {donates: f(x), argument: 1}
        - {gradient: f(x)}
        - {vmap: f(x)}
        - {leaks: f(x)}
        - {devices: f(x), count: 8}
        - {python: assert x, what: all is well}
      solution: x
      others: [y]
      wrong: [{code: z, because: x}]
      hints: [x]
  - id: three
    title: Three
    text: x
    exercise: {starter: x, check: x, solution: x}
"""


class Yaml12(yaml.SafeLoader):
    """Reads plain scalars as editors do: only `true` and `false` are booleans, `on` is text."""


Yaml12.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if not tag.endswith(":bool")]
    for first, pairs in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
Yaml12.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("true|false"), list("tf"))
Yaml12.add_implicit_resolver("tag:yaml.org,2002:float", re.compile(r"[-+]?\d+(\.\d*)?e[-+]?\d+$"), list("-+0123456789"))


def as_editors_read(text: str):
    return yaml.load(text, Yaml12)


def fits(value, part, root) -> list[str]:
    """Return the faults of a value, by the JSON Schema keywords used here."""
    if "$ref" in part:
        part = root["$defs"][part["$ref"].rpartition("/")[2]] | {key: part[key] for key in part if key != "$ref"}
    wrong = []
    kinds = part.get("type", [])
    types = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict}
    known = [types[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    if known and not any(isinstance(value, kind) for kind in known):
        wrong.append(f"{value!r} is not {kinds}")
    if "enum" in part and value not in part["enum"]:
        wrong.append(f"{value!r} not in {part['enum']}")
    for word, least in ("anyOf", 1), ("oneOf", 1):
        if word in part:
            good = sum(not fits(value, choice, root) for choice in part[word])
            if good < least or (word == "oneOf" and good != 1):
                wrong.append(f"{value!r} fits {good} of {word}")
    if isinstance(value, dict):
        wrong += [f"{key} is missing" for key in part.get("required", ()) if key not in value]
        for key, inner in value.items():
            if key in part.get("properties", {}):
                wrong += fits(inner, part["properties"][key], root)
            elif part.get("additionalProperties", True) is False:
                wrong.append(f"{key} is not known")
            elif isinstance(part.get("additionalProperties"), dict):
                wrong += fits(inner, part["additionalProperties"], root)
    if isinstance(value, list):
        for item in value:
            wrong += fits(item, part.get("items", {}), root)
    return wrong


def test_a_lesson_with_every_key_fits():
    assert not loads(EXAMPLE.encode(), "f").problems
    document = schema()
    assert fits(as_editors_read(EXAMPLE), document, document) == []


def test_every_key_of_the_model_is_in_the_example_and_the_schema():
    lesson = as_editors_read(EXAMPLE)
    assert set(lesson) == {field.name for field in msgspec.structs.fields(LessonFile)}
    assert {key for step in lesson["steps"] for key in step} == {field.name for field in msgspec.structs.fields(Step)}
    exercise = lesson["steps"][1]["exercise"]
    assert set(exercise) == {field.name for field in msgspec.structs.fields(Exercise)}
    assert {key for each in exercise["check"] for key in each} == {
        field.name for field in msgspec.structs.fields(Check)
    }


def test_what_the_loader_refuses_does_not_fit():
    document = schema()
    for old, new in [
        ("id: one\n", "id: one\n    foo: 1\n"),
        ("show: jaxpr", "show: jaxprs"),
        ("show: jaxpr", "show:"),
        ("shape: [2, 2]", "shape: [2, x]"),
        ("format: 1", "format: 2"),
        ("answer: 1, ", ""),
        ("minutes: 4\n", ""),
        ("value: [[1, 2], [3, 4]]", "value: {a: 1}"),
        ("    code: x\n", ""),
        ("on: host", "on: hosts"),
        ("{vmap: f(x)}", "{vmap: f(x), leaks: f(x)}"),
        ("{leaks: f(x)}", "{say: x}"),
        (", what: all is well", ""),
    ]:
        text = EXAMPLE.replace(old, new, 1)
        assert text != EXAMPLE
        assert loads(text.encode(), "f").problems, new
        assert fits(as_editors_read(text), document, document), new


def test_it_is_json_closed_and_described():
    document = schema()
    assert msgspec.json.decode(msgspec.json.encode(document)) == document
    assert document["$schema"].startswith("https://json-schema.org/")
    structs = [part for part in document["$defs"].values() if part["type"] == "object"]
    assert len(structs) == 13
    assert all(part["additionalProperties"] is False for part in structs)
    step = document["$defs"]["Step"]["properties"]
    assert step["timeout"]["description"] == "In seconds; used by commands without a terminal."
    assert "null" not in msgspec.json.encode(document).decode()


def test_the_bundled_lessons_fit():
    document = schema()
    for path in sorted((Path(__file__).parents[2] / "lessons").glob("*.yaml")):
        assert fits(as_editors_read(path.read_text()), document, document) == [], path
