"""Search spaces that grow with the values that are logged: nobody declared them."""

from collections.abc import Iterator, Mapping
from typing import Any

from .checked import MAX_HYPERPARAMETERS, Scalar, spanned


def joined(space: Mapping[str, Any], values: Mapping[str, Scalar]) -> dict[str, Any]:
    """The space with room for these values: new hyperparameters are added, others span theirs as
    well."""
    entries = {entry["config"]["name"]: entry for entry in space.get("space", [])}
    for name, value in values.items():
        if name in entries:
            known = list(_known(entries[name]))
            if not any(_same(value, each) for each in known):
                entries[name] = spanned(name, [*known, value])
        elif len(entries) < MAX_HYPERPARAMETERS:
            entries[name] = spanned(name, [value])
    return {"space": list(entries.values()), "values": {}}


def _known(entry: Mapping[str, Any]) -> Iterator[Scalar]:
    """What an entry spans: of a range its ends."""
    config = entry["config"]
    match entry["class_name"]:
        case "Fixed":
            yield config["value"]
        case "Boolean":
            yield from (False, True)
        case "Choice":
            yield from config["values"]
        case _:
            yield from (config["min_value"], config["max_value"])


def _same(one: Scalar, other: Scalar) -> bool:
    """In Python True equals 1."""
    return one == other and isinstance(one, bool) == isinstance(other, bool)
