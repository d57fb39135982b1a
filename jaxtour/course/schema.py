"""Makes the JSON Schema of a lesson file, for editors that complete and check YAML."""

import ast
from pathlib import Path
from typing import Any

import msgspec

from jaxtour.course import model
from jaxtour.course.checks import MOST_CHOICES
from jaxtour.course.exercises import KINDS
from jaxtour.course.model import LessonFile

DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schema() -> dict[str, Any]:
    """Return the schema as JSON values; the docstrings of fields become descriptions."""
    built = msgspec.json.schema(LessonFile)
    definitions = built["$defs"]
    for name, notes in _field_notes().items():
        for field, note in notes.items():
            if name in definitions and field in definitions[name]["properties"]:
                definitions[name]["properties"][field]["description"] = note
    definitions["Step"]["oneOf"] = [{"required": ["code"]}, {"required": ["exercise"]}]
    definitions["Ask"]["oneOf"] = [{"required": ["choices", "answer"]}, {"required": ["value"]}]
    definitions["Check"]["oneOf"] = [{"required": [name, *(["what"] if name == "python" else [])]} for name in KINDS]
    definitions["Ask"]["properties"]["choices"]["maxItems"] = MOST_CHOICES
    written: dict[str, Any] = _as_written(built)
    return {"$schema": DIALECT, "title": "A jaxtour lesson, format 1", **written}


def _as_written(part: Any) -> Any:
    """Adapt the schema to the file as written: refuse empty values, and allow text that looks like a number."""
    if isinstance(part, (list, tuple)):
        return [_as_written(item) for item in part]
    if not isinstance(part, dict):
        return part
    part = {
        key: _as_written(value)
        for key, value in part.items()
        if not (key == "default" and (value is None or isinstance(value, dict)))
    }
    if isinstance(pattern := part.get("pattern"), str):
        # Not every editor's regular expressions support lookahead.
        part["pattern"] = pattern.removesuffix(r"(?!\n)")
    if part.get("type") == "string":
        part["type"] = ["string", "number", "boolean"]
    if alternatives := [item for item in part.get("anyOf", ()) if item != {"type": "null"}]:
        part["anyOf"] = alternatives
        if len(alternatives) == 1:
            del part["anyOf"]
            part = alternatives[0] | part
    return part


def _field_notes() -> dict[str, dict[str, str]]:
    """Return the docstring below each field of the model, by class and field; Python keeps them only in the source."""
    notes: dict[str, dict[str, str]] = {}
    tree = ast.parse(Path(model.__file__).read_text(encoding="utf-8"))
    for struct in (node for node in tree.body if isinstance(node, ast.ClassDef)):
        found = notes.setdefault(struct.name, {})
        for field, note in zip(struct.body, struct.body[1:], strict=False):
            match field, note:
                case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(text))):
                    found[name] = " ".join(text.split())
    return notes
