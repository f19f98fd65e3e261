"""What a dataset looks like: the bars of its class balance or of its target's histogram."""

from dataclasses import dataclass
from typing import Any

from tuning.figures import counted, figure
from tuning.models import Dataset, Project
from tuning.protocol.data_kinds import Display
from tuning.protocol.orders import Split
from tuning.protocol.splitting import SplitBy
from tuning.protocol.tasks import Task, target_names
from tuning.splits import PARTS

from .splitting import column_split, split_caption
from .window_splits import most_folds_of_windows, window_sizes

WIDTH, HEIGHT = 240, 48
# From here on the largest class has so many times the rows of the smallest that it is said.
IMBALANCED = 3


@dataclass(frozen=True)
class Bar:
    x: float
    y: float
    width: float
    height: float
    label: str


@dataclass(frozen=True)
class Bars:
    title: str
    bars: list[Bar]
    width: int = WIDTH
    height: int = HEIGHT


def bars_info(dataset: Dataset) -> list[Bars]:
    """Bars for inline SVGs, one for each of several targets; none while nothing was counted."""
    profile = dataset.profile
    if counts := profile.get("label_counts"):
        labels = [
            f"{name}: {count:,}" for name, count in zip(target_names(profile), counts, strict=False)
        ]
        return [
            Bars(
                f"{min(counts):,} to {max(counts):,} rows with each label", bars_of(counts, labels)
            )
        ]
    if several := profile.get("target_histograms"):
        return [_histogram(target["name"], target) for target in several]
    one = _bars_of_one(profile)
    return [one] if one else []


def _bars_of_one(profile: dict[str, Any]) -> Bars | None:
    counts = profile.get("class_counts")
    if counts:
        names = profile.get("class_names") or range(len(counts))
        labels = [f"{name}: {count:,}" for name, count in zip(names, counts, strict=False)]
        low, high = min(counts), max(counts)
        each = f"{low:,}" if low == high else f"{low:,} to {high:,}"
        return Bars(f"{each} rows of each class", bars_of(counts, labels))
    histogram = profile.get("target") or profile.get("target_histogram") or {}
    if isinstance(histogram, dict) and histogram.get("counts"):
        return _histogram(profile.get("target_name") or "the target", histogram)
    return None


def _histogram(name: str, histogram: dict[str, Any]) -> Bars:
    edges, counts = histogram["edges"], histogram["counts"]
    labels = [
        f"{figure(low, 3)} to {figure(high, 3)}: {count:,}"
        for low, high, count in zip(edges, edges[1:], counts, strict=False)
    ]
    return Bars(f"Distribution of {name}", bars_of(counts, labels))


def bars_of(
    counts: list[int], labels: list[str], wide: int = WIDTH, high: int = HEIGHT
) -> list[Bar]:
    """Bars from left to right that fill a picture of this size."""
    step = wide / len(counts)
    width = min(step - min(2.0, step / 4), 24.0)
    top = max(max(counts), 1)
    return [
        Bar(
            x=round(index * step + (step - width) / 2, 2),
            y=round(high - high * count / top, 2),
            width=round(width, 2),
            height=round(high * count / top, 2),
            label=label,
        )
        for index, (count, label) in enumerate(zip(counts, labels, strict=False))
    ]


@dataclass(frozen=True)
class WindowPicture:
    """A window of a time series: a line for each target. `split`: where the rows begin that are
    predicted."""

    title: str
    lines: list[str]
    split: float
    first: str
    last: str
    width: int = WIDTH
    height: int = HEIGHT


def window_info(dataset: Dataset) -> WindowPicture | None:
    """None for what is no time series."""
    windows, facts = dataset.windows, dataset.profile.get("windows") or {}
    sample = facts.get("sample") or {}
    if windows is None or not sample.get("values"):
        return None
    step = WIDTH / max(1, windows.length - 1)
    names = ", ".join(facts["targets"][: len(sample["values"])])
    return WindowPicture(
        f"{names}: {counted(windows.look_back, 'row')} seen, {windows.horizon:,} predicted",
        [_line(values, step) for values in sample["values"]],
        round((windows.look_back - 0.5) * step, 2), sample["first"], sample["last"],
    )  # fmt: skip


def _line(values: list[float], step: float) -> str:
    """The points of a polyline over the whole height."""
    low, high = min(values), max(values)
    span = (high - low) or 1.0
    return " ".join(
        f"{place * step:.1f},{HEIGHT - 2 - (HEIGHT - 4) * (value - low) / span:.1f}"
        for place, value in enumerate(values)
    )


def class_names(dataset: Dataset) -> list[str]:
    """Those of the classes, in the order of a model's outputs; none of numbers."""
    if not dataset.task or not Task(dataset.task).traits.has_classes:
        return []
    names: list[str] = dataset.profile.get("class_names") or [
        str(index) for index in range(int(dataset.profile.get("num_classes") or 0))
    ]
    return names


def imbalance_text(dataset: Dataset) -> str:
    """Which classes are largest and smallest, if they differ much; empty otherwise."""
    counts: list[int] = dataset.profile.get("class_counts") or []
    if not dataset.has_classes or len(counts) < 2 or max(counts) < IMBALANCED * min(counts):
        return ""
    names = class_names(dataset)
    large, small = counts.index(max(counts)), counts.index(min(counts))
    return (
        f"The classes are imbalanced: “{names[large]}” has {counted(counts[large], 'row')}, "
        f"“{names[small]}” {counted(counts[small], 'row')}."
    )


def shape_text(dataset: Dataset) -> str:
    """Rows and shape as counted; the words that are known beforehand until then."""
    profile = dataset.profile
    if not profile.get("rows"):
        return dataset.size_text
    shape = profile.get("input_shape") or []
    data = dataset.data
    text = f"{profile['rows']:,} {data.rows} of "
    if data.display == Display.CELLS:
        text += f"{shape[0] if shape else len(profile.get('feature_names') or [])} columns"
    else:
        text += " × ".join(str(size) for size in shape[: data.axes])
    if windows := dataset.windows:
        several = f" of {windows.series:,} series" if windows.series > 1 else ""
        return (
            f"{profile['rows']:,} windows{several}: {counted(windows.look_back, 'row')} to look "
            f"back, {windows.horizon:,} to predict"
        )
    classes = profile.get("num_classes")
    if dataset.task and Task(dataset.task).traits.has_classes and classes:
        text += f", {classes} classes"
    elif names := profile.get("target_names"):
        noun = "labels" if dataset.task and Task(dataset.task).traits.has_labels else "targets"
        text += f", {len(names)} {noun}"
    return text


def parts_text(dataset: Dataset) -> str:
    """The sizes of the parts that the data bring; empty if they bring none."""
    parts = dataset.profile.get("parts") or {}
    purposes = {"train": "training", "validation": "validation", "test": "test"}
    return ", ".join(f"{size:,} for {purposes[name]}" for name, size in parts.items() if size)


def most_folds(project: Project) -> int | None:
    """How many folds the training and validation rows can be cut into, so that each class is in all
    of them; None while nothing has been counted."""
    profile, split = project.data.profile, project.split
    if not profile.get("rows"):
        return None
    if project.dataset.windows:
        return most_folds_of_windows(project.dataset, split)
    counts = _smallest_groups(profile) if split.stratified else None
    if split.column:
        return _most_folds_by_column(project, counts)
    return min(round((split.train + split.validation) * n) for n in counts or [profile["rows"]])


def _most_folds_by_column(project: Project, counts: list[int] | None) -> int | None:
    """Each fold needs a group, or a later time than the rows that it is trained on have."""
    split = project.split
    found = column_split(project.dataset, split)
    if found is None:
        return None
    values = found.values["train"] + found.values["validation"]
    most = values if split.by == SplitBy.GROUP else values - 1
    share = split.train + split.validation
    return min([most, *(round(share * count) for count in counts or [])])


def _smallest_groups(profile: dict[str, Any]) -> list[int] | None:
    """Rows of each class, or with and without each label, of which each fold needs one."""
    if counts := profile.get("label_counts"):
        return [min(count, profile["rows"] - count) for count in counts]
    return profile.get("class_counts")


def split_text(project: Project) -> str:
    """ "Stratified, seed 0": how the rows are divided."""
    if windows := project.dataset.windows:
        if windows.series > 1:
            return "By time, all series at the same moments; no window reaches across parts"
        return f"By time, {counted(windows.gap, 'window')} left out between parts"
    if project.split.given:
        return f"Predefined, seed {project.split_seed}"
    if project.split.column:
        return split_caption(project.split)
    kind = "Stratified" if project.split.stratified else "Random"
    return f"{kind}, seed {project.split_seed}"


def split_sizes(project: Project) -> dict[str, int | None]:
    """How many rows each part of the split holds, rounded as the runner does it: class by class
    where the split is stratified."""
    profile, split = project.data.profile, project.split
    if not profile.get("rows"):
        return dict.fromkeys(PARTS)
    if project.dataset.windows:
        return dict(window_sizes(project.dataset, split) or dict.fromkeys(PARTS))
    if split.given:
        return _given_sizes(profile, split)
    if split.column:
        found = column_split(project.dataset, split)
        return dict(found.sizes) if found else dict.fromkeys(PARTS)
    counts = profile.get("class_counts") if split.stratified else None
    groups: list[int] = counts or [profile["rows"]]
    first = [round(split.train * size) for size in groups]
    second = [round((split.train + split.validation) * size) for size in groups]
    return {
        "train": sum(first),
        "validation": sum(second) - sum(first),
        "test": sum(groups) - sum(second),
    }


def _given_sizes(profile: dict[str, Any], split: Split) -> dict[str, int | None]:
    """Those that the data bring. A part that they lack is taken out of the training rows."""
    sizes: dict[str, int | None] = dict(profile["parts"])
    counts = profile.get("train_class_counts") if split.stratified else None
    groups: list[int] = counts or [profile["parts"]["train"]]
    for name, fraction in (("validation", split.validation), ("test", split.test)):
        if not sizes[name]:
            kept = split.train / (split.train + fraction)
            train = sum(round(kept * size) for size in groups)
            sizes |= {"train": train, name: sum(groups) - train}
    return sizes
