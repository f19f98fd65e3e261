"""Which arrays of an .npz file are the inputs and the targets, by their names and shapes."""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass

from tuning.protocol.uploads import ARRAY_ROLES, INPUTS, ROLE_PAIRS

# Words in the names of arrays. A part without a name is the training part.
_PARTS = {
    "train": 0, "training": 0, "trn": 0, "tr": 0,
    "val": 1, "valid": 1, "validation": 1, "dev": 1, "eval": 1,
    "test": 2, "testing": 2, "tst": 2, "te": 2, "holdout": 2,
}  # fmt: skip
_INPUTS = frozenset({
    "x", "xs", "input", "inputs", "feature", "features", "image", "images", "img", "imgs", "pixels",
    "window", "windows", "sequence", "sequences", "signal", "signals",
})  # fmt: skip
_TARGETS = frozenset({
    "y", "ys", "target", "targets", "label", "labels", "class", "classes", "output", "outputs",
})  # fmt: skip
# Of a name without another word for it these are inputs: `data`, `train_data`.
_INPUTS_ALONE = frozenset({"data", "samples"})
_FILLERS = frozenset({"set", "arr", "array", "np", "all", "full"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_UNNAMED = re.compile(r"arr_(\d+)")

Shapes = dict[str, tuple[int, ...]]


@dataclass(frozen=True)
class Proposal:
    """The arrays by their roles (see ARRAY_ROLES). `clear`: nobody need be asked."""

    roles: dict[str, str]
    clear: bool


def propose(shapes: Shapes) -> Proposal:
    """What the arrays of a file are, by their names as far as that can be, else by their shapes."""
    if shapes and all(_UNNAMED.fullmatch(name) for name in shapes):
        return _unnamed(shapes)
    named = _of_fitting_length(_by_names(shapes), shapes)
    taken = {role: name for role, names in named.items() if (name := _one_of(names))}
    # `x` beside `x_train`: one may hold the rows of the other.
    parts = {_part(name) is None for name in taken.values()}
    clear = all(len(names) == 1 for names in named.values()) and len(parts) == 1
    return Proposal(_completed(taken, shapes), clear and "x_train" in taken and _is_whole(taken))


def inputs_alone(shapes: Shapes) -> dict[str, str]:
    """The inputs of each part in a file without targets; nothing if it may have some."""
    named = _by_names(shapes)
    if set(named) <= set(INPUTS) and sum(map(len, named.values())) == len(shapes):
        roles = {role: names[0] for role, names in named.items() if len(names) == 1}
        return roles if len(roles) == len(shapes) and "x_train" in roles else {}
    return dict(zip(INPUTS, shapes, strict=False)) if len(shapes) == 1 else {}


def role_of(name: str) -> str | None:
    """The role that a name means, such as x_train for `trainX`; None if it means none."""
    words = _words(name)
    parts = {_PARTS[word] for word in words if word in _PARTS}
    meanings = [word for word in words if word in _INPUTS | _TARGETS]
    known = _INPUTS | _TARGETS | _INPUTS_ALONE | _FILLERS | _PARTS.keys()
    if not name.isascii() or not known.issuperset(words) or len(parts) > 1:
        return None
    if not meanings and not _INPUTS_ALONE.intersection(words):
        return None
    # `image_labels` are labels: the last word is what the name is about.
    targets = bool(meanings) and meanings[-1] in _TARGETS
    return ROLE_PAIRS[min(parts, default=0)][targets]


def _part(name: str) -> int | None:
    return next((_PARTS[word] for word in _words(name) if word in _PARTS), None)


def _words(name: str) -> list[str]:
    """The words of a name in lower case: `X_train`, `trainX` and `xtrain` have the same two."""
    words: list[str] = []
    for word in _WORD.findall(name):
        words += _divided(word.lower())
    return words


def _divided(word: str) -> list[str]:
    """`xtrain` and `testlabels` as their two words."""
    meanings = _INPUTS | _TARGETS | _INPUTS_ALONE
    if word in meanings or word in _PARTS:
        return [word]
    for part in sorted(_PARTS, key=len, reverse=True):
        if word.endswith(part) and word.removesuffix(part) in meanings:
            return [word.removesuffix(part), part]
        if word.startswith(part) and word.removeprefix(part) in meanings:
            return [part, word.removeprefix(part)]
    return [word]


def _by_names(names: Iterable[str]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in names:
        role = role_of(name)
        if role:
            found.setdefault(role, []).append(name)
    return found


def _of_fitting_length(named: dict[str, list[str]], shapes: Shapes) -> dict[str, list[str]]:
    """Of several names for one role those whose array is as long as its partner: `classes` beside
    `y` has the names of the classes."""
    found = dict(named)
    for pair in ROLE_PAIRS:
        for role, other in (pair, pair[::-1]):
            partner = found.get(other, [])
            if len(partner) == 1 and len(found.get(role, [])) > 1:
                rows = shapes[partner[0]][:1]
                fitting = [name for name in found[role] if shapes[name][:1] == rows]
                found[role] = fitting or found[role]
    return found


def _one_of(names: list[str]) -> str | None:
    """The only name, else the only one that says its part."""
    if len(names) > 1:
        names = [name for name in names if _part(name) is not None]
    return names[0] if len(names) == 1 else None


def _is_whole(roles: dict[str, str]) -> bool:
    """Whether each part that is there has both inputs and targets."""
    return all((x in roles) == (y in roles) for x, y in ROLE_PAIRS)


def _unnamed(shapes: Shapes) -> Proposal:
    """numpy.savez(file, x, y): two arrays whose shapes agree with that order."""
    names = sorted(shapes, key=lambda name: int(name.removeprefix("arr_")))
    roles = _by_shapes({name: shapes[name] for name in names})
    clear = len(names) == 2 and roles == {"x_train": names[0], "y_train": names[1]}
    return Proposal(roles, clear)


def _by_shapes(shapes: Shapes) -> dict[str, str]:
    """Pairs of inputs and targets with as many rows, one for each part, in the file's order."""
    inputs = [name for name, shape in shapes.items() if _may_be_inputs(shape)]
    targets = [name for name, shape in shapes.items() if _may_be_targets(shape)]
    if not targets and len(inputs) == 2 and len(shapes[inputs[1]]) == 2:
        targets = [inputs.pop()]  # classes one-hot
    pairs: list[tuple[str, str]] = []
    for x in inputs:
        y = next((y for y in targets if shapes[y][0] == shapes[x][0]), None)
        if y is not None:
            targets.remove(y)
            pairs.append((x, y))
    # Two pairs are training and test.
    parts = {1: (0,), 2: (0, 2), 3: (0, 1, 2)}.get(len(pairs), (0,))
    return {
        role: name
        for part, pair in zip(parts, pairs, strict=False)
        for role, name in zip(ROLE_PAIRS[part], pair, strict=True)
    }


def _completed(roles: dict[str, str], shapes: Shapes) -> dict[str, str]:
    """The pairs that are whole. The training pair is sought among the other arrays if need be."""
    x, y = roles.get("x_train"), roles.get("y_train")
    used = set(roles.values())
    others = {name: shape for name, shape in shapes.items() if name not in used}
    if x and not y:
        rows = shapes[x][:1]
        y = next((n for n, s in others.items() if s[:1] == rows and _may_be_targets(s)), None)
    elif y and not x:
        rows = shapes[y][:1]
        x = next((n for n, s in others.items() if s[:1] == rows and _may_be_inputs(s)), None)
    elif not x and not y:
        return _by_shapes(shapes)
    if not x or not y:
        return {}
    found = {**roles, "x_train": x, "y_train": y}
    pairs = [pair for pair in ROLE_PAIRS if all(role in found for role in pair)]
    return {role: found[role] for role in ARRAY_ROLES if any(role in pair for pair in pairs)}


def _may_be_inputs(shape: tuple[int, ...]) -> bool:
    return len(shape) >= 2 and math.prod(shape[1:]) > 1


def _may_be_targets(shape: tuple[int, ...]) -> bool:
    return len(shape) == 1 or (len(shape) == 2 and shape[1] == 1)
