"""What of a template's code is executed, and what people read of the rest."""

import ast
from collections.abc import Iterable
from dataclasses import dataclass, field

from .imports import absence
from .script_data import Rows
from .studies import StudyCalls
from .syntax import calls, last_name


@dataclass
class Script:
    """What of a template is executed. `builder` is the name that its tuner was given, `tuner` the
    template's own class of that tuner, if it has one; `construction` and `search` are the calls."""

    tree: ast.Module
    builder: str = ""
    # Where `builder`'s object is found, if not under that name.
    entry: str = ""
    tuner: str = ""
    construction: ast.Call | None = None
    search: ast.Call | None = None
    # Of a script of Optuna's, whose objective function is the builder.
    study: StudyCalls | None = None
    # Names that the kept code uses and only left-out statements would define -> their line.
    missing: dict[str, int] = field(default_factory=dict)
    left_out: list[int] = field(default_factory=list)
    # Names of its data that stand for the project's.
    data: dict[str, Rows] = field(default_factory=dict)
    # Whether it made its own targets one-hot.
    one_hot: bool = False
    # Name -> module, of imports that are not installed here.
    absent: dict[str, str] = field(default_factory=dict)
    commands: list[int] = field(default_factory=list)
    # The script's own statements that `tree` executes.
    kept: set[ast.stmt] = field(default_factory=set)
    # All names of its data -> what they stand for.
    rows: dict[str, Rows] = field(default_factory=dict)
    # Those that `around` and the arguments of the calls need.
    rows_around: dict[str, Rows] = field(default_factory=dict)
    # Those besides, which give the arguments of `construction` and `search` their values.
    around: list[ast.stmt] = field(default_factory=list)

    @property
    def wants_builder(self) -> bool:
        """Whether the template's custom tuner class leaves building, or training too, to others."""
        nodes = list(ast.walk(self.tree))
        called = {last_name(call.func) for call in calls(self.tree.body)}
        defined = {node.name for node in nodes if isinstance(node, ast.FunctionDef)}
        asked = any(isinstance(n, ast.Attribute) and n.attr == "hypermodel" for n in nodes)
        return bool(self.builder) or asked or "run_trial" in called or "run_trial" not in defined

    @property
    def note(self) -> str:
        """Sentences about what was not run or is not the script's own, or nothing."""
        return " ".join(filter(None, (self._script_note(), self._data_note(), *self._others())))

    def _script_note(self) -> str:
        if not self.left_out:
            return ""
        if self.study is not None:
            return (
                f"The code is a script. Its objective function {self.builder} is used. Its own "
                f"data loading and its study ({_lines(self.left_out)}, as far as the function does "
                "not need them) are not run: the project supplies the data and the search. What it "
                "says of its study is proposed for a new search, or listed as not used."
            )
        names = [("builder", self.builder), ("class", self.tuner)]
        name = "".join(f" Its {kind} {name} is used." for kind, name in names if name)
        return (
            f"The code is a script.{name} Its own data loading, tuner and search "
            f"({_lines(self.left_out)}, as far as the builder does not need them) are not run: the "
            "project supplies the data and the search. What it gives to its tuner and to search() "
            "is proposed for a new search, applied in training, or listed as not used."
        )

    def _data_note(self) -> str:
        if not self.data:
            return ""
        parts = {"train": "training", "validation": "validation"}
        told = (
            f"{_listed([n for n, rows in self.data.items() if rows.part == part])} "
            f"for its {word} rows"
            for part, word in parts.items()
            if any(rows.part == part for rows in self.data.values())
        )
        return (
            f"In the script's place the project's data are used: {' and '.join(told)}. What the "
            "script does to its own data (scaling, reshaping) is not applied to them."
        )

    def _others(self) -> Iterable[str]:
        if self.commands:
            yield f"Commands of a notebook ({_lines(self.commands)}) are left out."
        for package in dict.fromkeys(module.split(".")[0] for module in self.absent.values()):
            yield f"{absence(package)[:-1]}; the builder does not need it."


def _lines(numbers: list[int]) -> str:
    first, last = min(numbers), max(numbers)
    return f"line {first}" if first == last else f"lines {first} to {last}"


def _listed(names: list[str]) -> str:
    return ", ".join(names) + (" stands" if len(names) == 1 else " stand")
