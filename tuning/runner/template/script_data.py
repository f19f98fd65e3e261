"""Which names of a script hold its data: inputs and targets, of training or of later rows.

They are known by what assigns them (`load_data`, `train_test_split`, `x = x / 255`) or by their
names (`x_train`, `testY`, `train_labels`).
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from .syntax import defines, last_name

_PARTS = {
    "train": "train", "training": "train", "tr": "train", "trn": "train",
    "test": "validation", "testing": "validation", "te": "validation", "tst": "validation",
    "val": "validation", "valid": "validation", "validation": "validation", "dev": "validation",
}  # fmt: skip
_INPUTS = frozenset({
    "x", "xs", "feature", "features", "image", "images", "img", "imgs", "inputs", "texts",
    "sentences", "reviews", "documents", "docs", "comments", "tweets", "messages", "headlines",
})  # fmt: skip
# Inputs beside a word for a part, as in `train_text`; alone, they may be anything.
_TEXTS = frozenset({"text", "sentence", "review", "document", "comment", "tweet", "message"})
_TARGETS = frozenset({"y", "ys", "label", "labels", "target", "targets"})
# What else may be part of such a name. Not `shape` or `size`: those are numbers.
_MORE = frozenset({
    "data", "set", "scaled", "norm", "normalized", "standardized", "std", "encoded", "enc", "cat",
    "categorical", "one", "hot", "onehot", "ohe", "full", "all", "raw", "orig", "reshaped",
    "flat", "flattened", "new", "final", "processed", "preprocessed", "tensor", "array", "arr",
    "np", "df", "1", "2", "small", "part",
})  # fmt: skip
# Calls that give data again: methods of the data, or functions of them.
_TRANSFORMS = frozenset({
    "astype", "reshape", "expand_dims", "array", "asarray", "transform", "fit_transform", "ravel",
    "flatten", "squeeze", "copy", "to_numpy", "resize", "normalize", "convert_to_tensor", "cast",
    "values", "toarray", "float32", "stack", "repeat", "grayscale_to_rgb", "preprocess_input",
    "constant", "drop", "to_frame", "DataFrame", "Series", "scale",
})  # fmt: skip
_ONE_HOT = frozenset({"to_categorical", "one_hot", "get_dummies"})
_ENCODERS = frozenset({"OneHotEncoder", "LabelBinarizer"})
# What is about data and no data any more: `labels = np.unique(y)`.
_SUMMARIES = frozenset({
    "unique", "set", "sorted", "len", "range", "max", "min", "sum", "list", "shape", "columns",
    "target_names", "feature_names", "classes_", "class_names", "keys", "nunique", "Input", "dict",
    "listdir", "glob", "iterdir", "scandir",
})  # fmt: skip


@dataclass(frozen=True)
class Rows:
    """What a name stands for: "x" or "y" of the rows of "train" or "validation"."""

    what: str
    part: str = "train"
    one_hot: bool = False


class ScriptData:
    """The data names of a script, learned statement by statement, in its order."""

    def __init__(self) -> None:
        self.names: dict[str, Rows] = {}
        # Names of scikit-learn's encoders.
        self._encoders: set[str] = set()

    def learn(self, node: ast.stmt, of_data: bool) -> dict[str, Rows]:
        """The data that a statement binds. `of_data`: it loads something or uses what was."""
        found = dict(self._bound(node, of_data))
        if isinstance(node, ast.Assign) and _is_encoder(node.value):
            self._encoders |= {name.id for target in node.targets for name in _names(target)}
        self.names.update(found)
        return found

    def _bound(self, node: ast.stmt, of_data: bool) -> Iterator[tuple[str, Rows]]:
        pairs: list[tuple[ast.expr, ast.expr | None]] = []
        if isinstance(node, ast.Assign):
            pairs = [(target, node.value) for target in node.targets]
        elif isinstance(node, ast.AnnAssign):
            pairs = [(node.target, node.value)]
        elif of_data:
            # A loop, a `with`, `x /= 255`: by name alone.
            for name in sorted(defines(node)):
                rows = self.names.get(name) or by_name(name)
                if rows:
                    yield name, rows
        for target, value in pairs:
            yield from self._assigned(target, value, of_data)

    def _assigned(
        self, target: ast.expr, value: ast.expr | None, of_data: bool
    ) -> Iterator[tuple[str, Rows]]:
        if isinstance(target, ast.Name):
            rows = self._named(target.id, value, of_data)
            if rows:
                yield target.id, rows
        elif isinstance(target, ast.Tuple | ast.List):
            if isinstance(value, ast.Tuple | ast.List) and len(value.elts) == len(target.elts):
                for part, its_value in zip(target.elts, value.elts, strict=True):
                    yield from self._assigned(part, its_value, of_data)
            elif of_data or all(_says_part(part.id) for part in _names(target)):
                yield from self._unpacked(target, value)

    def _named(self, name: str, value: ast.expr | None, of_data: bool) -> Rows | None:
        rows, named = self._of(value), by_name(name)
        # `labels = features.pop("price")`, `y = data[:, 8]`: the name knows better.
        if rows and not (named and named.what != rows.what):
            # `x_val = x[8000:]`
            later = named is not None and named.part == "validation"
            return replace(rows, part="validation") if later else rows
        # A pair, as in `val_data = (x_val, y_val)`, is made unchanged.
        if isinstance(value, ast.Constant | ast.Tuple | ast.List) or not named:
            return None
        if _sums_up(value) or self._names_columns(value):
            return None
        # `x` alone may be anything, as long as no data are in sight.
        if not of_data and not _says_part(name):
            return None
        made = any(
            self._makes_one_hot(part) for part in _chain(value) if isinstance(part, ast.Call)
        )
        return replace(named, one_hot=made and named.what == "y")

    def _names_columns(self, value: ast.expr | None) -> bool:
        """`[c for c in df.columns if c != "y"]`, but not `[clean(text) for text in df["text"]]`."""
        if not isinstance(value, ast.ListComp) or not isinstance(value.elt, ast.Name):
            return False
        source = value.generators[0].iter
        return _sums_up(source) or (isinstance(source, ast.Name) and source.id not in self.names)

    def _unpacked(
        self, target: ast.Tuple | ast.List, value: ast.expr | None
    ) -> Iterator[tuple[str, Rows]]:
        """`(a, b), (c, d) = load_data()`, `a, b, c, d = train_test_split(x, y)`, `x, y = ...`."""
        sources = value.args if isinstance(value, ast.Call) else []
        divided = isinstance(value, ast.Call) and last_name(value.func) == "train_test_split"
        for index, part in enumerate(target.elts):
            if isinstance(part, ast.Tuple | ast.List):
                for what, item in zip("xy", part.elts, strict=False):
                    if isinstance(item, ast.Name):
                        yield item.id, Rows(what, "validation" if index else "train")
            elif isinstance(part, ast.Name):
                rows = by_name(part.id)
                if divided and index // 2 < len(sources):
                    source = self._of(sources[index // 2]) or rows
                    if source:
                        later = "validation" if index % 2 else "train"
                        yield part.id, replace(source, part=later)
                elif rows:
                    yield part.id, rows

    def _of(self, value: ast.expr | None) -> Rows | None:
        """The data in an expression that gives them again, changed or divided."""
        if isinstance(value, ast.Name):
            return self.names.get(value.id)
        if isinstance(value, ast.BinOp):
            return self._of(value.left) or self._of(value.right)
        if isinstance(value, ast.Subscript):
            return self._of(value.value) if _keeps_rows(value.slice) else None
        if isinstance(value, ast.Attribute):
            return self._of(value.value) if value.attr == "values" else None
        if isinstance(value, ast.Call):
            return self._of_call(value)
        return None

    def _of_call(self, call: ast.Call) -> Rows | None:
        name = last_name(call.func)
        inner = [*call.args[:1], *(word.value for word in call.keywords[:1])]
        if isinstance(call.func, ast.Attribute):
            inner.insert(0, call.func.value)
        rows = next((rows for value in inner if (rows := self._of(value))), None)
        if rows and self._makes_one_hot(call):
            # Of inputs it is one more transformation.
            return replace(rows, one_hot=rows.what == "y")
        return rows if name in _TRANSFORMS else None

    def _makes_one_hot(self, call: ast.Call) -> bool:
        """`to_categorical(...)`, `encoder.transform(...)`, `OneHotEncoder().fit_transform(...)`."""
        function = call.func
        if last_name(function) not in ("fit_transform", "transform"):
            return last_name(function) in _ONE_HOT
        owner = function.value if isinstance(function, ast.Attribute) else function
        return _is_encoder(owner) or last_name(owner) in self._encoders


def by_name(name: str) -> Rows | None:
    """What a name says: every part of it must be a word for data."""
    words = _words(name)
    parts = [_PARTS[word] for word in words if word in _PARTS]
    others = [word for word in words if word not in _PARTS and word not in _MORE]
    if len(others) != 1 or len(parts) > 1:
        # `train_data` and `test_data`, without a word for inputs.
        plain = not others and len(parts) == 1 and "data" in words
        return Rows("x", parts[0]) if plain else None
    part = parts[0] if parts else "train"
    if others[0] in _INPUTS or (parts and others[0] in _TEXTS):
        return Rows("x", part)
    return Rows("y", part) if others[0] in _TARGETS else None


def says_what(name: str) -> bool:
    """Whether a name itself tells inputs from targets, which `train_data` does not."""
    words = _words(name)
    texts = _TEXTS if any(word in _PARTS for word in words) else frozenset()
    return any(word in _INPUTS or word in _TARGETS or word in texts for word in words)


def _names(target: ast.expr) -> list[ast.Name]:
    return [node for node in ast.walk(target) if isinstance(node, ast.Name)]


def _says_part(name: str) -> bool:
    return any(word in _PARTS for word in _words(name))


def _words(name: str) -> list[str]:
    """`X_train`, `trainX`, `xtrain` and `XTrain` are the same two words."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=[XY])(?=[A-Z][a-z])", "_", name)
    words = [word for word in spaced.lower().split("_") if word]
    return [part for word in words for part in _divided(word)]


def _divided(word: str) -> list[str]:
    for letter in ("x", "y"):
        rest = word.removeprefix(letter) if word.startswith(letter) else word.removesuffix(letter)
        if rest != word and len(rest) > 2 and rest in _PARTS:
            return [letter, rest]
    return [word]


def _sums_up(value: ast.expr | None) -> bool:
    """`np.unique(y)`, `df["y"].unique().tolist()`, `df.columns[:-1]`, a mapping."""
    if isinstance(value, ast.Dict | ast.DictComp | ast.SetComp):
        return True
    return any(
        last_name(part.func if isinstance(part, ast.Call) else part) in _SUMMARIES
        for part in _chain(value)
    )


def _chain(value: ast.expr | None) -> Iterator[ast.expr]:
    """An expression and what its methods and attributes are of: for `a.b().c[1:]` itself, `a.b()`
    and `a`. An element, as in `np.unique(y, return_inverse=True)[1]`, is something else."""
    while value is not None:
        if isinstance(value, ast.Subscript) and isinstance(value.slice, ast.Slice):
            value = value.value
            continue
        yield value
        if isinstance(value, ast.Call) and isinstance(value.func, ast.Attribute):
            value = value.func.value
        elif isinstance(value, ast.Attribute):
            value = value.value
        else:
            return


def _keeps_rows(index: ast.expr) -> bool:
    """`x[:100]`, `x[..., None]` and `x[mask]`, but not `x[0]` and `x['name']`."""
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return not isinstance(parts[0], ast.Constant) or parts[0].value is ...


def _is_encoder(value: ast.expr) -> bool:
    return isinstance(value, ast.Call) and last_name(value.func) in _ENCODERS
