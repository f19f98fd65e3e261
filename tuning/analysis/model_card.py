"""A model card: what a model is, what it was made of and how good it is, as a page to print and as
Markdown."""

import re
from dataclasses import dataclass, field
from typing import Any

from tuning.analysis.evaluation.summary import (
    Output,
    ScoreRow,
    Summary,
    gap_text,
    reuse_warning,
    scores_of,
    summary_of,
)
from tuning.analysis.profiles import shape_text, split_sizes, split_text
from tuning.analysis.splitting import split_notes
from tuning.figures import counted, figure, setting
from tuning.models import ModelEvaluation, SavedModel
from tuning.spaces.hyperparameters import read_space

# Of classes and columns. A card is read by people.
MAX_ROWS = 50
# What Markdown would read as more than text.
_SPECIAL = re.compile(r"([\\`*_\[\]<>|~&])")
# And at the beginning of a line: headings and lists.
_BEGINNING = re.compile(r"^(\d*)([#+=.)-])")


@dataclass(frozen=True)
class Section:
    """Sentences, then a table: its `head` and `rows` of texts."""

    title: str
    sentences: list[str] = field(default_factory=list)
    head: list[str] = field(default_factory=list)
    rows: list[list[str]] = field(default_factory=list)


@dataclass(frozen=True)
class Card:
    """`description` is Markdown that a person wrote; all else is text."""

    title: str
    lead: str
    description: str
    sections: list[Section]


def card_of(saved_model: SavedModel) -> Card:
    """Of a finished model."""
    evaluation = ModelEvaluation.objects.filter(saved_model=saved_model).first()
    scores, summary = scores_of(saved_model, evaluation), summary_of(saved_model, evaluation)
    trial, project = saved_model.trial, saved_model.project
    lead = (
        f"{saved_model.get_stage_display()} of the project {project.name}, retrained from trial "
        f"{trial.number} of search {trial.search.number}"
    )
    if saved_model.finished_at:
        lead += f" on {saved_model.finished_at:%Y-%m-%d}"
    sections = [
        _data(saved_model), _search(saved_model), _values(saved_model),
        _test_scores(saved_model, scores), *_outputs(summary), *_importances(summary),
        _file(saved_model),
    ]  # fmt: skip
    return Card(saved_model.title, f"{lead}.", saved_model.description, sections)


def as_markdown(card: Card) -> str:
    """The whole card. Names with special characters are escaped."""
    parts = [f"# {_escaped(card.title)}", _sentence(card.lead), card.description.strip()]
    for section in card.sections:
        parts += [f"## {section.title}", *map(_sentence, section.sentences)]
        if section.rows:
            lines = [section.head, ["---"] * len(section.head)]
            table = [_line(section.head), _line(lines[1], plain=True), *map(_line, section.rows)]
            parts.append("\n".join(table))
    return "\n\n".join(part for part in parts if part) + "\n"


def _data(saved_model: SavedModel) -> Section:
    project, dataset = saved_model.project, saved_model.project.data
    sizes = split_sizes(project)
    rows = [["Dataset", dataset.title], ["Contents", shape_text(dataset)]]
    if target := dataset.profile.get("target_name"):
        rows.append(["Targets" if "target_names" in dataset.profile else "Target", str(target)])
    parts = {"train": "Training", "validation": "Validation", "test": "Test"}
    rows += [[f"{parts[part]} rows", figure(size)] for part, size in sizes.items()]
    rows.append(["Split", split_text(project)])
    if project.weight_column:
        rows.append(["Row weights in training", project.weight_column])
    if dataset.sha256:
        rows.append(["SHA-256", dataset.sha256])
    sentences = ["The model was trained on training and validation rows.", *split_notes(project)]
    return Section("Data", sentences, *_pairs(rows))


def _search(saved_model: SavedModel) -> Section:
    search, trial = saved_model.trial.search, saved_model.trial
    judged = f"as the mean of {search.folds} folds" if search.has_folds else "on validation rows"
    sentence = (
        f"{search.strategy.caption} with {counted(search.trials.count(), 'trial')}, "
        f"by {search.score_name} ({'higher' if search.direction == 'max' else 'lower'} is better). "
        f"The trial scored {figure(trial.score)} {judged}."
    )
    rows = [[p.name, p.kind, p.range_text] for p in read_space(search.space)]
    return Section("Search", [sentence], ["Hyperparameter", "Type", "Range"], rows)


def _values(saved_model: SavedModel) -> Section:
    values = saved_model.trial.values.items()
    rows = [[name, setting(v)] for name, v in values if not name.startswith("tuner/")]
    if saved_model.trial.search.kind.epochs_given and not saved_model.is_estimator:
        rows += [
            ["epochs", figure(saved_model.epochs)],
            ["batch size", figure(saved_model.batch_size)],
        ]
    return Section("Hyperparameters", [], *_pairs([*rows, ["seed", figure(saved_model.seed)]]))


def _test_scores(saved_model: SavedModel, scores: list[ScoreRow]) -> Section:
    said = [gap_text(saved_model, scores), reuse_warning(saved_model)]
    if not scores:
        said = ["The model was not measured on test rows."]
    rows = [[score.caption, figure(score.value), score.interval or "–"] for score in scores]
    return Section(
        "Test scores", [text for text in said if text], ["Score", "Value", "95% interval"], rows
    )


def _outputs(summary: Summary | None) -> list[Section]:
    if summary is None or summary.problem:
        return [Section("Evaluation", [summary.problem])] if summary else []
    sections = []
    for output in summary.outputs:
        rows = [[s.caption, figure(s.value), s.interval or "–"] for s in output.scores]
        several = len(summary.outputs) > 1
        title = f"Evaluation of {output.report['name']}" if several else "Evaluation"
        sections.append(Section(title, [*summary.notes], ["Score", "Value", "95% interval"], rows))
        sections += _classes(output) + _columns(output)
        sections += [] if several else _errors(output.report["error_bins"])
    return sections


def _classes(output: Output) -> list[Section]:
    classes = output.report["classes"]
    if not classes:
        return []
    keys = ("precision", "recall", "f1", "support")
    rows = [[each["name"], *(figure(each[key], 3) for key in keys)] for each in classes[:MAX_ROWS]]
    said = _cut(len(classes), output.plural.lower())
    head = [output.noun, "Precision", "Recall", "F1", "Support"]
    return [Section(output.plural, said, head, rows)]


def _columns(output: Output) -> list[Section]:
    """Of a table's reconstruction."""
    rows = [
        [name, figure(error, 3), figure(baseline, 3), figure(explained, 3)]
        for name, error, baseline, explained in output.columns[:MAX_ROWS]
    ]
    said = _cut(len(output.columns), "columns")
    head = ["Column", "Mean squared error", "Baseline", "Explained"]
    return [Section("Error by column", said, head, rows)] if rows else []


def _errors(bins: list[dict[str, Any]]) -> list[Section]:
    rows = [
        [
            f"{figure(each['low'])} to {figure(each['high'])}", figure(each["rows"]),
            figure(each["mean_absolute_error"], 3), figure(each["mean_error"], 3),
        ]
        for each in bins
    ]  # fmt: skip
    head = ["Actual value", "Rows", "Mean absolute error", "Mean error"]
    return [Section("Errors", [], head, rows)] if rows else []


def _importances(summary: Summary | None) -> list[Section]:
    found = (summary.importances or {}).get("columns") if summary else None
    if not summary or not found:
        return []
    usual = sorted(found, key=lambda column: -(column["mean"] or 0))
    rows = [
        [column["column"], figure(column["mean"], 3), figure(column["deviation"], 2)]
        for column in usual[:MAX_ROWS]
    ]
    said = [summary.importance_text, *_cut(len(found), "columns")]
    return [Section("Column importance", said, ["Column", "Mean", "Standard deviation"], rows)]


def _file(saved_model: SavedModel) -> Section:
    rows = [[name, version] for name, version in saved_model.versions.items()]
    rows.append(["SHA-256", saved_model.sha256])
    said = [saved_model.note] if saved_model.note else []
    return Section("File and libraries", said, *_pairs(rows))


def _pairs(rows: list[list[str]]) -> tuple[list[str], list[list[str]]]:
    return ["", ""], rows


def _cut(count: int, noun: str) -> list[str]:
    return [f"The first {MAX_ROWS} of {count:,} {noun}."] if count > MAX_ROWS else []


def _line(cells: list[str], plain: bool = False) -> str:
    return f"| {' | '.join(cells if plain else map(_escaped, cells))} |"


def _sentence(text: str) -> str:
    return _BEGINNING.sub(r"\1\\\2", _escaped(text))


def _escaped(text: str) -> str:
    return _SPECIAL.sub(r"\\\1", " ".join(text.split()))
