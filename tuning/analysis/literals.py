"""Values as Python source, for code that people copy and run."""

import json
from typing import Any


def python_literal(value: Any) -> str:
    """A literal on one line, strings in double quotes. Letters of any script stay readable; what
    cannot be seen, or would reorder the line in an editor, is an escape."""
    if isinstance(value, str):
        return "".join(map(_visible, json.dumps(value, ensure_ascii=False)))
    if isinstance(value, list | tuple):
        return "[" + ", ".join(python_literal(item) for item in value) + "]"
    return repr(value)


def _visible(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"
