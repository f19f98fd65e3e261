"""Code that was exported from a notebook: without the lines that only a notebook understands."""

import ast
import re
import warnings

# `!pip install x`, `%matplotlib inline`, `?name`, `name?`, `files = !ls`, `%time tuner.search()`.
_COMMAND = re.compile(r"(\s*)(?:[!%?]|[\w.]+\?{1,2}\s*$|[\w, ]+=\s*[!%])")
# Each costs a parse of the whole code.
_MAX_COMMANDS = 100


def without_commands(code: str) -> tuple[str, list[int]]:
    """The code with a notebook's commands replaced by `pass`, and their lines. Line numbers stay.

    A line is taken for a command only where Python cannot read it. What else is wrong with the
    code is left for `ast.parse` to say.
    """
    lines = code.split("\n")
    found: list[int] = []
    while len(found) < _MAX_COMMANDS:
        number = _unreadable(lines)
        command = _COMMAND.match(lines[number - 1]) if 0 < number <= len(lines) else None
        if command is None:
            break
        lines[number - 1] = f"{command[1]}pass"
        found.append(number)
    return "\n".join(lines), sorted(found)


def _unreadable(lines: list[str]) -> int:
    """The first line that Python cannot read, or 0."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ast.parse("\n".join(lines))
    except SyntaxError as error:
        return error.lineno or 0
    except (RecursionError, MemoryError, ValueError):
        return 0
    return 0
