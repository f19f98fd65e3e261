"""What a script loads or fits besides inputs and targets: tables, batches, fitted helpers.

`df = pd.read_csv(...)`, `train_ds = image_dataset_from_directory(...)`, `iris = load_iris()`,
`le.fit(y)`. Learned from the code alone; `source_stand_ins` has what takes their place.
"""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from .script_data import Rows, by_name, says_what
from .syntax import first_name, last_name, run_by


class Kind(StrEnum):
    TABLE = "table"  # inputs and target together
    INPUTS = "inputs"  # a table from which the target was taken out
    BATCHES = "batches"
    SAMPLES = "samples"  # scikit-learn's Bunch: data, target, their names
    UNKNOWN = "unknown"  # a Tokenizer: nothing of it is known


@dataclass(frozen=True)
class Source:
    """What a name stands for. `target`: the column of a table that is predicted, if known."""

    kind: Kind
    target: str = ""


@dataclass(frozen=True)
class Fit:
    """A helper of scikit-learn's kind is fitted: to "x" or "y" as a whole, or to neither ("").
    `made` is the call that makes it, where `le = LabelEncoder().fit(y)` does both."""

    helper: str
    what: str
    made: ast.Call | None = None


_TABLES = frozenset({
    "read_csv", "read_excel", "read_parquet", "read_json", "read_table", "read_feather",
    "read_pickle", "read_hdf", "read_sql", "read_sql_query", "read_fwf", "read_orc",
    "loadtxt", "genfromtxt",
})  # fmt: skip
_OF_TABLES = frozenset({"concat", "merge", "shuffle", "get_dummies", "DataFrame", "resample"})
_BATCHES = frozenset({
    "image_dataset_from_directory", "text_dataset_from_directory", "flow_from_directory",
    "audio_dataset_from_directory", "flow_from_dataframe", "flow", "from_tensor_slices",
    "timeseries_dataset_from_array",
})  # fmt: skip
_SAMPLES = frozenset({
    "load_iris", "load_wine", "load_digits", "load_breast_cancer", "load_diabetes", "load_linnerud",
})  # fmt: skip
# Methods that leave a table a table.
_SAME_TABLE = frozenset({
    "copy", "dropna", "fillna", "sample", "drop_duplicates", "reset_index", "rename", "head",
    "tail", "sort_values", "query", "astype", "assign",
})  # fmt: skip
_FITS = frozenset({"fit", "fit_transform", "partial_fit"})


class Sources:
    """The sources of a script, learned statement by statement, in its order."""

    def __init__(self, body: Iterable[ast.stmt]) -> None:
        body = list(body)
        self._texts = {name: value for node in body for name, value in _texts(node)}
        self.targets = {column for node in body for column in self._target_columns(node)}
        self.names: dict[str, Source] = {}

    def learn(self, node: ast.stmt, rows: Mapping[str, Rows]) -> dict[str, Source]:
        """The sources that a statement binds or changes. `rows`: the data that it binds."""
        found = dict(self._assigned(node, rows)) | dict(self._changed(node))
        self.names.update(found)
        return found

    def fits(self, node: ast.stmt, data: Mapping[str, Rows]) -> list[Fit]:
        """The helpers that a statement fits. `data`: what names stood for before it."""
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
            made, target = _fitted(node.value), node.targets[0]
            fits_only = last_name(node.value.func) == "fit"
            if fits_only and isinstance(made, ast.Call) and isinstance(target, ast.Name):
                return [Fit(target.id, self._fitted_on(node.value, node, data), made)]
        return [
            Fit(helper.id, self._fitted_on(call, node, data))
            for call in run_by(node)
            if isinstance(call, ast.Call) and isinstance(helper := _fitted(call), ast.Name)
        ]

    def _assigned(self, node: ast.stmt, rows: Mapping[str, Rows]) -> Iterator[tuple[str, Source]]:
        if not isinstance(node, ast.Assign):
            return
        source = self._loaded(node.value)
        if source is None:
            return
        for target in node.targets:
            for name in (n.id for n in ast.walk(target) if isinstance(n, ast.Name)):
                # `X_train = read_csv("inputs.csv")`, `x, y = load_iris(return_X_y=True)`.
                if source.kind == Kind.BATCHES or not (name in rows and says_what(name)):
                    yield name, source

    def _loaded(self, value: ast.expr) -> Source | None:
        if not isinstance(value, ast.Call):
            return None
        name, first = last_name(value.func), first_name(value.func)
        if name in _TABLES or (name == "load_dataset" and first in ("sns", "seaborn")):
            return self._table()
        if isinstance(value.func, ast.Attribute) and name in _SAME_TABLE:
            # `df = pd.read_csv(...).dropna()`
            return self._loaded(value.func.value)
        if name in _BATCHES or (name == "load" and first == "tfds"):
            return Source(Kind.BATCHES)
        if name in _SAMPLES or name.startswith("fetch_"):
            return Source(Kind.SAMPLES)
        given = {
            n.id for argument in value.args for n in ast.walk(argument) if isinstance(n, ast.Name)
        }
        tables = given & {n for n, source in self.names.items() if source.kind == Kind.TABLE}
        # `df = clean(df)`, `df = pd.concat([a, b])`, but not `n = len(df)`.
        if tables and (
            name in _OF_TABLES or (isinstance(value.func, ast.Name) and name not in _COUNTS)
        ):
            return self._table()
        return None

    def _table(self) -> Source:
        return Source(Kind.TABLE, min(self.targets, default=""))

    def _changed(self, node: ast.stmt) -> Iterator[tuple[str, Source]]:
        """`y = df.pop("price")`, `df.drop("price", axis=1, inplace=True)`, `del df["price"]`; and
        `tokenizer.fit_on_texts(texts)`."""
        for call in (n for n in run_by(node) if isinstance(n, ast.Call)):
            method, owner = last_name(call.func), first_name(call.func)
            if method == "fit_on_texts" and owner:
                yield owner, Source(Kind.UNKNOWN)
            if owner not in self.names or self.names[owner].kind != Kind.TABLE:
                continue
            in_place = method == "pop" or any(word.arg == "inplace" for word in call.keywords)
            if in_place and method in ("pop", "drop") and self._columns(call) & self.targets:
                yield owner, Source(Kind.INPUTS)
        if isinstance(node, ast.Delete):
            for part in node.targets:
                if isinstance(part, ast.Subscript) and self._text(part.slice) in self.targets:
                    yield first_name(part), Source(Kind.INPUTS)

    def _fitted_on(self, call: ast.Call, node: ast.stmt, data: Mapping[str, Rows]) -> str:
        argument = call.args[0] if call.args else None
        rows = _whole(argument, data)
        if rows:
            return rows.what
        if argument is not None and set(self._columns_in(argument)) & self.targets:
            return "y"
        target = node.targets[0] if isinstance(node, ast.Assign) else None
        named = by_name(target.id) if isinstance(target, ast.Name) else None
        return named.what if named else ""

    def _target_columns(self, node: ast.stmt) -> set[str]:
        """The column that a statement takes as the target, or away from the inputs."""
        if not isinstance(node, ast.Assign):
            return set()
        target = node.targets[0]
        pairs = [(target, node.value)]
        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
            pairs = list(zip(target.elts, node.value.elts, strict=False))
        found: set[str] = set()
        for name, value in pairs:
            rows = by_name(name.id) if isinstance(name, ast.Name) else None
            if rows is None:
                continue
            if rows.what == "y":
                columns = set(self._columns_in(value))
            else:
                drops = [
                    n
                    for n in ast.walk(value)
                    if isinstance(n, ast.Call) and last_name(n.func) == "drop"
                ]
                columns = {c for call in drops for c in self._columns(call)}
            # Several: which of them is the target, nobody says.
            found |= columns if len(columns) == 1 else set()
        return found

    def _columns_in(self, value: ast.expr) -> Iterator[str]:
        """`df["price"]`, `df[["price"]]`, `df.price`, `df.pop("price")`; names for texts too."""
        called = {id(node.func) for node in ast.walk(value) if isinstance(node, ast.Call)}
        for node in ast.walk(value):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                yield from {node.attr} - _NO_COLUMNS if id(node) not in called else ()
            if isinstance(node, ast.Subscript):
                inside = node.slice.elts if isinstance(node.slice, ast.List) else [node.slice]
                yield from (text for part in inside if (text := self._text(part)))
            elif isinstance(node, ast.Call) and last_name(node.func) == "pop":
                yield from self._columns(node)

    def _columns(self, call: ast.Call) -> set[str]:
        given = [
            *call.args[:1],
            *(w.value for w in call.keywords if w.arg in ("columns", "labels")),
        ]
        parts = [p for v in given for p in (v.elts if isinstance(v, ast.List | ast.Tuple) else [v])]
        return {text for part in parts if (text := self._text(part))}

    def _text(self, node: ast.AST) -> str:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return node.value
        return self._texts.get(node.id, "") if isinstance(node, ast.Name) else ""


# Attributes of tables, arrays and samples that are no columns.
_NO_COLUMNS = frozenset({
    "values", "iloc", "loc", "columns", "index", "shape", "T", "data", "target", "images", "labels",
    "classes", "targets", "size", "dtypes", "str", "cat", "at", "float32", "float64", "int32",
    "int64", "newaxis", "nan",
})  # fmt: skip
_COUNTS = frozenset({"len", "list", "set", "sorted", "print", "type", "tuple", "range", "int"})


def _texts(node: ast.stmt) -> Iterator[tuple[str, str]]:
    """`TARGET = "price"`."""
    if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
        for target in node.targets:
            if isinstance(target, ast.Name) and isinstance(node.value.value, str):
                yield target.id, node.value.value


def _fitted(node: ast.AST) -> ast.expr | None:
    """`le` in `le.fit(...)` and the like."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Attribute):
        return None
    return node.func.value if node.func.attr in _FITS else None


def _whole(value: ast.AST | None, data: Mapping[str, Rows]) -> Rows | None:
    """The data in an expression that has all columns of them: `x`, `x.reshape(-1, 64)`, `x[:9]`."""
    if isinstance(value, ast.Name):
        return data.get(value.id)
    if isinstance(value, ast.Attribute):
        return _whole(value.value, data) if value.attr == "values" else None
    if isinstance(value, ast.Subscript):
        return _whole(value.value, data) if isinstance(value.slice, ast.Slice) else None
    if isinstance(value, ast.Call) and last_name(value.func) in _SAME_COLUMNS:
        inner = [value.func.value] if isinstance(value.func, ast.Attribute) else []
        return next((r for part in [*inner, *value.args[:1]] if (r := _whole(part, data))), None)
    return None


_SAME_COLUMNS = frozenset({
    "reshape", "ravel", "flatten", "to_numpy", "astype", "array", "asarray", "copy", "squeeze",
})  # fmt: skip
