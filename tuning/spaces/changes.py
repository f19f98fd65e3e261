"""How a search space that a person changed differs from the template's own."""

from dataclasses import replace
from typing import Any

from tuning.figures import in_words, setting

from .combinations import in_use
from .hyperparameters import Hyperparameter, default_values, read_space

# As many differences of the baseline as one sentence can bear.
NAMED = 5


def compared(searched: dict[str, Any], own: dict[str, Any]) -> list[Hyperparameter]:
    """The hyperparameters of a searched space, each with what the template says (if it still has
    it) and whether it is ever in use."""
    known = {(p.name, p.conditions): p for p in read_space(own)}
    space = read_space(searched)
    return [
        replace(parameter, own=known.get((parameter.name, parameter.conditions)), in_use=used)
        for parameter, used in zip(space, in_use(space), strict=True)
    ]


def baseline_note(searched: dict[str, Any], own: dict[str, Any]) -> str:
    """A sentence if the first trial is not the template's defaults any more; else nothing."""
    values = default_values(searched)
    others = [
        f"{p.name} is {setting(p.default)} (was {setting(p.own.default)})"
        for p in compared(searched, own)
        if p.own and p.name in values and values[p.name] != p.own.default
    ]
    if not others:
        return ""
    if len(others) > NAMED:
        others[NAMED - 1 :] = [f"{len(others) - NAMED + 1} more differ"]
    shown = in_words(others)
    return f"The baseline differs from the template defaults: {shown}."
