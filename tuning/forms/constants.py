"""Arguments of a template's builder as people type them: a line `name = literal` each."""

import ast
import json
import keyword
from typing import Any

MAX_CONSTANTS = 50


class BadConstant(ValueError):
    """A line that is no constant; the text is a sentence with its number."""


def parse_constants(text: str) -> dict[str, Any]:
    """Name -> value. Tuples become lists, as they are stored. Nothing is executed. Raises
    BadConstant."""
    found: dict[str, Any] = {}
    for number, line in enumerate(text.splitlines(), 1):
        written = line.strip()
        if not written or written.startswith("#"):
            continue
        name, equals, value = (part.strip() for part in written.partition("="))
        if not equals or not name.isidentifier() or keyword.iskeyword(name):
            raise BadConstant(f"Line {number}: use the form name = value, such as depth = 3.")
        if name in found:
            raise BadConstant(f"Line {number}: {name} is already defined.")
        found[name] = _value(value, name, number)
    if len(found) > MAX_CONSTANTS:
        raise BadConstant(f"{len(found)} constants exceed the limit of {MAX_CONSTANTS}.")
    return found


def constants_text(constants: dict[str, Any]) -> str:
    """The lines that `parse_constants` reads."""
    return "\n".join(f"{name} = {value!r}" for name, value in constants.items())


def _value(text: str, name: str, number: int) -> Any:
    try:
        value = ast.literal_eval(text)
        # As it will come back from the database: no sets, bytes, complex or endless numbers.
        return json.loads(json.dumps(value, allow_nan=False))
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise BadConstant(
            f"Line {number}: the value of {name} must be a number, a quoted string, True, False, "
            "None, or a list, tuple or dict of these."
        ) from error
