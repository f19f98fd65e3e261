"""What an address says about one plot: `plot.<plot>.<option>=<value>`, repeated for several."""

from dataclasses import dataclass

from tuning.analysis.trials.columns import Column
from tuning.analysis.trials.selection import Selection


@dataclass(frozen=True)
class Option:
    """Something that a person can set. `kind`: column, columns, several, choice, switch or share
    (a number from 0 to `most`). `numbers` leaves columns of numbers only; `most` is how many of
    them make sense."""

    name: str
    label: str
    kind: str
    numbers: bool = False
    most: float = 1
    step: float = 1
    choices: tuple[tuple[str, str], ...] = ()

    def columns(self, selection: Selection) -> list[Column]:
        """Those that can be chosen here."""
        kinds = ("number",) if self.numbers else ("number", "text")
        found = (column for column in selection.columns if column.kind in kinds)
        return [column for column in found if column.field or column.source is not None]

    def choices_of(self, selection: Selection) -> list[tuple[str, str]]:
        if self.kind in ("column", "columns"):
            return [(column.key, column.label) for column in self.columns(selection)]
        return list(self.choices)


@dataclass(frozen=True)
class Given:
    """The options of the plot `name` as the address of a selection has them."""

    selection: Selection
    name: str

    def texts(self, option: str) -> list[str]:
        requested = f"plot.{self.name}.{option}"
        return [value for key, value in self.selection.plots if key == requested]

    def text(self, option: str, default: str = "") -> str:
        return next(iter(self.texts(option)), default)

    def switch(self, option: str) -> bool:
        return self.text(option) == "on"

    def whole(self, option: str, default: int, most: int) -> int:
        text = self.text(option)
        if not (text.isascii() and text.isdecimal() and len(text) < 9):
            return default
        return min(max(int(text), 1), most)

    def columns(self, option: Option, default: list[Column]) -> list[Column]:
        """The chosen ones that can be drawn, in the order of the address; else the default."""
        possible = {column.key: column for column in option.columns(self.selection)}
        keys = dict.fromkeys(self.texts(option.name))
        return ([possible[key] for key in keys if key in possible] or default)[: int(option.most)]

    def column(self, option: Option, default: Column | None) -> Column | None:
        return next(iter(self.columns(option, [default] if default else [])), None)
