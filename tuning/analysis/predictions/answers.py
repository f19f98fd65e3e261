"""An answer as a page shows it: of one row a value or all classes as bars, of several a table."""

from dataclasses import dataclass, field, replace
from typing import Any

from tuning.analysis.profiles import class_names
from tuning.figures import counted, figure
from tuning.models import Prediction
from tuning.protocol.tasks import TASKS, Task, reconstructs

# Of one row, the most likely ones.
MAX_BARS = 20


@dataclass(frozen=True)
class ClassBar:
    """`share`: 0 to 100, the length of the bar."""

    name: str
    text: str
    share: float


@dataclass(frozen=True)
class Answer:
    """`value`: of the first row, which is `first` in words; `judged`: the probability or score of
    its class, as `measure` says. `bars`: its classes, the most likely first; `more`: how many are
    not among them. `rows`: number, value and probability of the first rows, if there are
    several."""

    target: str
    value: str
    judged: str
    measure: str
    bars: list[ClassBar]
    more: int
    rows: list[tuple[int, str, str]]
    count_text: str
    notes: list[str]
    picture: str
    # Of an autoencoder: the first row's picture as it reproduces it, or each column with the value
    # that was given and the reproduced one.
    reproduced: str = ""
    columns: list[tuple[str, str, str]] = field(default_factory=list)
    reconstructs: bool = False
    noun: str = "row"
    first: str = "row 1"
    # Of several time series: the column that names them, and the series of each of the rows.
    series_column: str = ""
    series: list[str] = field(default_factory=list)

    @property
    def shown(self) -> list[tuple[int, str, str, str]]:
        """The rows, each with its series or nothing."""
        names = self.series or [""] * len(self.rows)
        return [(*row[:1], name, *row[1:]) for row, name in zip(self.rows, names, strict=True)]

    @property
    def heading(self) -> str:
        """What the values are."""
        return self.target.capitalize() if self.reconstructs else f"Predicted {self.target}"


def answer_of(prediction: Prediction) -> Answer | None:
    """None until there is one."""
    found = prediction.answer
    if not found:
        return None
    dataset = prediction.saved_model.project.data
    several = bool(dataset.profile.get("target_names"))
    answer = _of_several(found) if several else _of_one(prediction)
    if not dataset.windows:
        return answer
    noun = dataset.data.row
    count = counted(found["rows"], noun)
    series, first = found.get("series") or [], f"the newest {noun}"
    if series:
        first += f" of {series[0]}"
    return replace(
        answer, noun=noun, first=first, count_text=count, series=series if answer.rows else [],
        series_column=dataset.profile["windows"].get("series", ""),
    )  # fmt: skip


def outputs_of(prediction: Prediction) -> list[dict[str, Any]]:
    """Of each target the first rows as JSON: numbers, names of classes, or whether a row has the
    label; with a score for each class, if there are scores."""
    if not prediction.answer:
        return []
    names = class_names(prediction.saved_model.project.data)
    return [_as_json(output, names) for output in prediction.answer["outputs"]]


def _as_json(output: dict[str, Any], names: list[str]) -> dict[str, Any]:
    labels = output["task"] in TASKS and Task(output["task"]).traits.has_labels
    classes = [output["name"]] if labels else names
    return {
        "name": output["name"],
        "task": output["task"],
        "values": [_json_value(value, names, labels) for value in output["values"]],
        "scores": [dict(zip(classes, scores, strict=True)) for scores in output["scores"]],
        "probabilities": output["probabilities"],
    }


def _json_value(value: float | None, names: list[str], is_label: bool) -> Any:
    if value is None:
        return None
    return bool(value) if is_label else names[int(value)] if names else value


def _of_one(prediction: Prediction) -> Answer:
    """Of one class or number for each row."""
    found = prediction.answer
    output = found["outputs"][0]
    names = class_names(prediction.saved_model.project.data)
    texts = [_text(value, names) for value in output["values"]]
    judged = [_judged(place, output) for place in range(len(texts))]
    bars = _bars(output, names)
    first = found.get("reproduced") or {}
    rows = [(n, *pair) for n, pair in enumerate(zip(texts, judged, strict=True), 1)]
    return Answer(
        output["name"], texts[0], judged[0],
        "Probability" if output["probabilities"] else "Score",
        bars[:MAX_BARS], max(0, len(bars) - MAX_BARS),
        rows if found["rows"] > 1 else [],
        counted(found["rows"], "row"), found["notes"], found["picture"],
        first.get("picture", ""),
        list(zip(first["names"], first["given"], first["cells"], strict=True)) if first else [],
        reconstructs(output),
    )  # fmt: skip


def _of_several(found: dict[str, Any]) -> Answer:
    """Of several numbers or labels: all of the first row as lines, the labels with bars."""
    outputs = found["outputs"]
    has_labels = Task(outputs[0]["task"]).traits.has_labels
    shown = range(len(outputs[0]["values"]))
    texts = [_labels_text(outputs, n) if has_labels else _numbers_text(outputs, n) for n in shown]
    bars = [
        ClassBar(
            output["name"], _score_text(score, output),
            round(100 * min(max(score, 0.0), 1.0), 2) if output["probabilities"] else 0,
        )
        for output in outputs
        if output["scores"] and (score := output["scores"][0][0]) is not None
    ]  # fmt: skip
    return Answer(
        "labels" if has_labels else "targets", texts[0], "", "",
        bars[:MAX_BARS] if has_labels else [], max(0, len(bars) - MAX_BARS),
        [(n, text, "") for n, text in enumerate(texts, 1)] if found["rows"] > 1 else [],
        counted(found["rows"], "row"), found["notes"], found["picture"],
    )  # fmt: skip


def _labels_text(outputs: list[dict[str, Any]], row: int) -> str:
    return ", ".join(output["name"] for output in outputs if output["values"][row]) or "none"


def _numbers_text(outputs: list[dict[str, Any]], row: int) -> str:
    return ", ".join(f"{output['name']}: {_text(output['values'][row], [])}" for output in outputs)


def _text(value: float | None, names: list[str]) -> str:
    if value is None:
        return "–"
    return names[int(value)] if names else f"{value:.6g}"


def _judged(place: int, output: dict[str, Any]) -> str:
    """The probability or the score of a row's class, or nothing."""
    if not output["scores"] or output["values"][place] is None:
        return ""
    score = output["scores"][place][int(output["values"][place])]
    return "" if score is None else _score_text(score, output)


def _bars(output: dict[str, Any], names: list[str]) -> list[ClassBar]:
    if not output["scores"]:
        return []
    scores = [score or 0.0 for score in output["scores"][0]]
    low, high = min(0.0, *scores), max(scores)
    # Scores that are no probabilities are compared with each other.
    whole = 1.0 if output["probabilities"] else (high - low) or 1.0
    start = 0.0 if output["probabilities"] else low
    bars = [
        ClassBar(name, _score_text(score, output), round(100 * (score - start) / whole, 2))
        for name, score in zip(names, scores, strict=True)
    ]
    return sorted(bars, key=lambda bar: -bar.share)


def _score_text(score: float, output: dict[str, Any]) -> str:
    if not output["probabilities"]:
        return figure(score, 4)
    # Only what is nothing is 0%, and only what is certain is 100%.
    if 0 < score < 0.0005:
        return "< 0.1%"
    if 0.9995 <= score < 1:
        return "> 99.9%"
    return f"{100 * score:.1f}%"
