"""The options of a script's command line: nobody gives any, so that each has its default."""

import argparse
from typing import Any

_parse = argparse.ArgumentParser.parse_known_args


def without_command_line() -> None:
    """Let `parser.parse_args()` give the defaults, and None for what has none."""
    argparse.ArgumentParser.parse_known_args = _parsed  # type: ignore[method-assign,assignment]


def _parsed(parser: argparse.ArgumentParser, args: Any = None, namespace: Any = None) -> Any:
    if args is not None:
        return _parse(parser, args, namespace)
    for action in parser._actions:
        action.required = False
    for group in parser._mutually_exclusive_groups:
        group.required = False
    return _parse(parser, [], namespace)
