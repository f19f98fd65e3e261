"""A time series as a CSV file, prepared as windows."""

import datetime
from contextlib import chdir
from pathlib import Path
from typing import Any

import numpy as np

from tuning.protocol.orders import ProjectOrder, Split
from tuning.protocol.uploads import Upload, kind_of
from tuning.runner.datasets.uploads import prepare_upload

SPLIT = Split(0.7, 0.15, 0.15, seed=0, stratified=False)
CHOICES = {
    "target": "load", "time": "when", "look_back": 6, "horizon": 2, "stride": 1,
    "known": ["weekday"],
}  # fmt: skip


def hours(rows: int) -> list[str]:
    start = datetime.datetime(2024, 2, 27, 5)  # noqa: DTZ001
    return [str(start + datetime.timedelta(hours=row)) for row in range(rows)]


def table(rows: int = 120, **columns: Any) -> dict[str, list[Any]]:
    """Columns of a series: a time, a target, an input with gaps, two categories. The weekday is
    known in advance."""
    random = np.random.RandomState(1)
    degrees: list[Any] = random.normal(10, 5, rows).round(2).tolist()
    degrees[7] = degrees[30] = ""
    found = {
        "when": hours(rows),
        "load": (50 + 10 * np.sin(np.arange(rows) / 4) + random.normal(0, 1, rows)).round(3),
        "degrees": degrees,
        "weekday": [f"day {row // 24 % 7}" for row in range(rows)],
        "wind": random.choice(["calm", "strong", ""], rows),
    }
    return {name: list(cells) for name, cells in {**found, **columns}.items()}


def csv_text(columns: dict[str, list[Any]]) -> str:
    lines = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, line)) for line in lines)]) + "\n"


def prepare(
    folder: Path, columns: dict[str, list[Any]], **changes: Any
) -> tuple[Path, dict[str, Any]]:
    """The prepared folder and the profile. Raises BadData."""
    folder.mkdir(exist_ok=True)
    (folder / "upload").write_text(csv_text(columns))
    upload = Upload(kind_of("load.csv"), "upload", "load.csv", 1 << 28, **{**CHOICES, **changes})
    name = f"prepared-{len(list(folder.iterdir()))}"
    with chdir(folder):
        profile = prepare_upload("own-1", upload, Path(name), lambda _event: None)
    assert profile
    return folder / name, profile


def order(folder: Path, code: str = "", **split: Any) -> ProjectOrder:
    return ProjectOrder(code, str(folder), Split(**{**SPLIT.__dict__, **split}))


def panel(rows: int = 60) -> dict[str, list[Any]]:
    """Three stores of different lengths, row by row in the order of time; `state` is low or
    high."""
    stores: list[tuple[str, dict[str, list[Any]]]] = []
    for number, name in enumerate(("north", "south", "harbour")):
        one = table(rows - 5 * number)
        one["load"] = [round(float(load) + 100 * number, 3) for load in one["load"]]
        states = ["high" if load % 100 > 50 else "low" for load in one["load"]]
        stores.append((name, {**one, "store": [name] * len(states), "state": states}))
    places = sorted(
        (row, number) for number, (_, one) in enumerate(stores) for row in range(len(one["when"]))
    )
    names = stores[0][1]
    return {name: [stores[number][1][name][row] for row, number in places] for name in names}
