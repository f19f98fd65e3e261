"""The project that a command works in: its dataset, template, split and weights."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import CommandError

from tuning.actions.projects import create_project, use_newest_version
from tuning.analysis.project_choices import MAX_NAME, default_name
from tuning.analysis.splitting import column_problem, weight_problem
from tuning.models import Dataset, HyperModel, Project, Team
from tuning.protocol.splitting import SplitBy
from tuning.protocol.tasks import Task


def add_split_options(parser: ArgumentParser) -> None:
    parser.add_argument(
        "--group", metavar="COLUMN",
        help="split by group: rows with the same value stay together. The column is an "
             "input only if --keep lists it",
    )  # fmt: skip
    parser.add_argument(
        "--split-time", metavar="COLUMN",
        help="split by time: the oldest rows for training, the newest for test. The column is "
             "an input only if --keep lists it; --time cuts windows instead",
    )  # fmt: skip
    parser.add_argument(
        "--sample-weight", metavar="COLUMN", help="how much each row counts in training"
    )
    parser.add_argument("--class-weights", action="store_true", help="balance classes in training")


def refuse_misfit(dataset: Dataset, hypermodel: HyperModel) -> None:
    """Raises CommandError."""
    if not hypermodel.fits(dataset):
        raise CommandError(f"{hypermodel.name} does not fit {dataset.kind_text} data.")


def find_project(
    user: Any, team: Team, dataset: Dataset, hypermodel: HyperModel, options: dict[str, Any]
) -> Project:
    """The team's project of this pair with this split and these weights; made if there is none. It
    goes on to a changed template. Raises CommandError."""
    refuse_misfit(dataset, hypermodel)
    task = options["task"] if options["task"] == Task.RECONSTRUCTION else ""
    task = "" if task == dataset.task else task or hypermodel.task_on(dataset)
    if task and task not in dataset.data.tasks:
        raise CommandError(f"--task: models cannot reconstruct {dataset.data.contents}.")
    settings = {"task": task, **_settings(dataset.for_task(task), options)}
    name = _name(dataset, hypermodel, settings)
    rows = Project.objects.filter(team=team, name=name, dataset=dataset, **settings)
    known = rows.filter(hypermodel__in=HyperModel.objects.versions_of(hypermodel).order_by())
    if project := known.select_related("dataset", "hypermodel").first():
        use_newest_version(project)
        return project
    new = Project(team=team, name=name, dataset=dataset, hypermodel=hypermodel, **settings)
    return create_project(user, new)


def _settings(dataset: Dataset, options: dict[str, Any]) -> dict[str, Any]:
    """Fields of the project. Raises CommandError."""
    group, time = options["group"], options["split_time"]
    if group and time:
        raise CommandError("--split-time: rows are split by group already. Use one of the two.")
    by = SplitBy.GROUP if group else SplitBy.TIME if time else SplitBy.RANDOM
    column = group or time or ""
    if column and dataset.windows:
        raise CommandError("--time: windows are split by time. Leave --group and --split-time out.")
    if column and (problem := column_problem(dataset, dataset.split(by=by, column=column))):
        raise CommandError(f"--{'group' if group else 'split-time'}: {problem}")
    weights = options["sample_weight"] or ""
    if weights and (problem := weight_problem(dataset, weights)):
        raise CommandError(f"--sample-weight: {problem}")
    if options["class_weights"] and not dataset.has_classes:
        raise CommandError("--class-weights: the targets are not classes.")
    return {
        "split_by": by.value, "split_column": column, "weight_column": weights,
        "class_weights": options["class_weights"],
    }  # fmt: skip


def _name(dataset: Dataset, hypermodel: HyperModel, settings: dict[str, Any]) -> str:
    """The usual name, with what tells the project from others of the pair."""
    about = [f"by {settings['split_by']}: {settings['split_column']}"] * bool(
        settings["split_column"]
    )
    about += [f"weights: {settings['weight_column']}"] * bool(settings["weight_column"])
    about += ["balanced classes"] * settings["class_weights"]
    name = default_name(dataset, hypermodel)
    return f"{name}, {', '.join(about)}"[:MAX_NAME] if about else name
