"""The main job without a browser: search, and on demand retrain the best trial into a file.

It makes the same rows as the pages do, so the search can be opened in the browser meanwhile.
"""

import json
import signal
import time
from argparse import ArgumentParser
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from django.urls import reverse
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tuning.actions.audit import Actor, acting, record
from tuning.actions.datasets import delete_dataset, want_dataset
from tuning.actions.projects import inspect_again
from tuning.actions.quotas import OverQuota
from tuning.actions.saved_models import retrain, stop_retraining
from tuning.actions.searches import start_search, stop_search
from tuning.actions.teams import default_team
from tuning.analysis.front import (
    constraint_text,
    front_of,
    front_text,
    objective_figure,
    suggested,
)
from tuning.analysis.limits import EARLY, Unit
from tuning.analysis.pruning import SETTINGS, option_problem, pruning_text
from tuning.analysis.quotas import file_refusal
from tuning.analysis.savings import savings
from tuning.analysis.splitting import split_notes
from tuning.analysis.summary import planned_trials
from tuning.figures import counted
from tuning.forms.arrays import question as array_question
from tuning.forms.estimator_searches import search_form
from tuning.forms.objectives import rows_of
from tuning.forms.pruning import NAMES as PRUNING
from tuning.forms.space import SpaceForm
from tuning.management.inputs import (
    ARRAY_OPTIONS,
    OPTIONS,
    find_dataset,
    find_template,
    is_for_images,
    lacks_target,
    predict_guessed,
    refuse,
)
from tuning.management.outputs import layers_file, write_model
from tuning.management.packing import packed
from tuning.management.prepared import set_up_or_refuse
from tuning.management.projects import add_split_options, find_project, refuse_misfit
from tuning.management.table_options import (
    add_table_options,
    auxiliary_types,
    table_choices,
    table_problem,
)
from tuning.management.temporary_worker import temporary_worker
from tuning.models import Dataset, Inspection, Project, SavedModel, Search, Team, Trial
from tuning.models.audit import Via
from tuning.protocol.constraints import MAX_CONSTRAINTS, Constraint, parsed
from tuning.protocol.measured import MEASURED, label_of
from tuning.protocol.objectives import MAX_OBJECTIVES
from tuning.protocol.script_settings import ENQUEUED, ScriptArgument, Use
from tuning.protocol.statuses import SearchStatus, Status
from tuning.protocol.uploads import ARRAY_ROLES, COLOUR, GREY
from tuning.spaces.edits import Refused
from tuning.spaces.entered import configuration
from tuning.strategies.pruners import PRUNERS
from tuning.strategies.traits import OFFERED

POLL = 0.3
STOP_SECONDS = 15
MAX_LEFT_OUT = 10
# "colour" is an older word for RGB.
_COLOURS = {"grey": GREY, "rgb": COLOUR, "colour": COLOUR}
# How the help writes their values.
_METAVARS = {Unit.TRIALS: "N", Unit.SECONDS: "TIME", Unit.SCORE: "SCORE"}
# What the form's errors are about, where it is no option of that name.
_OPTIONS = {
    **OPTIONS,
    **{f"objective_{n}": "objective" for n in range(2, MAX_OBJECTIVES + 1)},
    **{
        f"constraint_{n}{part}": "constraint"
        for n in range(1, MAX_CONSTRAINTS + 1)
        for part in ("", "_relation", "_limit")
    },
}
# What the shell expects of a program that Ctrl-C ended.
INTERRUPTED = 130


class Command(BaseCommand):
    help = "Tune a model template on a dataset; optionally retrain the best trial into a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dataset",
            nargs="+",
            required=True,
            help="a dataset's key, such as digits, or the path of a file; several .npy files are "
            "one dataset",
        )
        parser.add_argument(
            "--template",
            required=True,
            help="a template's key, such as cnn, or the path of a .py file",
        )
        parser.add_argument(
            "--constant", metavar="NAME=VALUE", action="append", default=[],
            help="a value for an argument that the project does not supply (repeatable)",
        )  # fmt: skip
        parser.add_argument(
            "--target",
            nargs="+",
            action="extend",
            default=[],
            metavar="COLUMN",
            help="the columns of a table to predict (one is guessed by its name)",
        )
        add_table_options(parser)
        for role, option in ARRAY_OPTIONS.items():
            help_text = f"the array of an .npz file with the {ARRAY_ROLES[role].lower()}"
            parser.add_argument(f"--{option}", metavar="ARRAY", help=help_text)
        add_split_options(parser)
        parser.add_argument("--image-size", type=int, help="scale the file's images to this size")
        parser.add_argument(
            "--colours", choices=_COLOURS, help="convert the file's images to these"
        )
        parser.add_argument("--tuner", choices=list(OFFERED))
        parser.add_argument("--max-trials", type=int)
        for limit in EARLY:
            parser.add_argument(limit.option, metavar=_METAVARS[limit.unit], help=limit.help)
        parser.add_argument("--epochs", type=int)
        parser.add_argument(
            "--objective", action="append", default=[], metavar="NAME[:max|:min]",
            help="a metric to compare trials by; repeated, the search has several objectives, also "
                 f"of what Tuneroom measures: {', '.join(MEASURED)}",
        )  # fmt: skip
        parser.add_argument(
            "--constraint", action="append", default=[], metavar="NAME<=NUMBER",
            help="trials that violate it are infeasible, such as 'parameters<=200000' "
                 "(repeatable)",
        )  # fmt: skip
        parser.add_argument(
            "--direction", choices=Search.Direction.values,
            help="whether a higher (max) or a lower (min) value of the objective is better",
        )  # fmt: skip
        parser.add_argument("--executions-per-trial", type=int)
        parser.add_argument("--batch-size", type=int)
        parser.add_argument(
            "--folds", type=int,
            help="cross-validation: of networks only if given, of estimators always (5)",
        )  # fmt: skip
        parser.add_argument("--scoring", help="estimators: a scorer, such as f1_macro")
        parser.add_argument("--early-stopping", metavar="METRIC")
        parser.add_argument(
            "--early-stopping-direction", choices=Search.Direction.values,
            help="the same for the metric of early stopping",
        )  # fmt: skip
        parser.add_argument("--patience", type=int)
        parser.add_argument(
            "--pruner", choices=list(PRUNERS), help="how to end unpromising trials early (auto)"
        )
        for setting in SETTINGS:
            kind = int if setting.whole else float
            parser.add_argument(setting.option, type=kind, metavar="N", help=setting.help)
        parser.add_argument("--seed", type=int)
        parser.add_argument(
            "--enqueue", action="append", default=[], metavar="JSON",
            help="try these values right after the defaults: '{\"learning_rate\": 0.001}'; other "
                 "hyperparameters keep their defaults (repeatable)",
        )  # fmt: skip
        parser.add_argument(
            "--parallel", type=int, help="maximum number of trials at a time (all slots, up to 8)"
        )
        parser.add_argument("--user", help="account that creates the project (the first account)")
        parser.add_argument("--team", help="team of the project, by name (the user's first team)")
        parser.add_argument(
            "--retrain", action="store_true",
            help="retrain the best trial; of several objectives, the suggested one",
        )  # fmt: skip
        parser.add_argument("--output", type=Path, help="path of the model file")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["output"] and not options["retrain"]:
            raise CommandError("--output requires --retrain.")
        if options["output"] and not options["output"].resolve().parent.is_dir():
            raise CommandError(f"No such folder: {options['output'].resolve().parent}.")
        self.console = Console(highlight=False)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        set_up_or_refuse(self._say)
        user = _user(options["user"])
        with acting(lambda: Actor(user, Via.COMMAND)):
            self._tune(user, options)

    def _tune(self, user: User, options: dict[str, Any]) -> None:
        team = _team(user, options["team"])
        template = find_template(options["template"], user, team, options["constant"])
        if template.reconstructs and not (options["task"] or options["target"]):
            # No column need be the target.
            options["task"] = template.task
        choices = {
            "target": next(iter(options["target"]), ""),
            "side": options["image_size"],
            "colours": _COLOURS.get(options["colours"], ""),
        }
        arrays = {
            role: name
            for role, option in ARRAY_OPTIONS.items()
            if (name := options[option.replace("-", "_")])
        }
        with packed(options["dataset"]) as path:
            dataset = find_dataset(
                path, user, team, choices, arrays, table_choices(options), auxiliary_types(options),
                pixels=options["pixels"] is None and is_for_images(template),
            )  # fmt: skip
        if dataset.kind:
            refuse_misfit(dataset, template)
        with temporary_worker(self._say):
            try:
                dataset = self._prepare(dataset)
                project = find_project(user, team, dataset, template, options)
                for line in split_notes(project):
                    self._say(line)
                self._run(user, project, options)
            except KeyboardInterrupt:
                raise SystemExit(INTERRUPTED) from None

    def _run(self, user: User, project: Project, options: dict[str, Any]) -> None:
        self._inspect(project)
        for line in script_lines(project, options):
            self._say(line)
        sketch = search_of(project, options)
        if options["retrain"] and (refusal := file_refusal(project.team)):
            # Hours before it would be asked for.
            raise CommandError(f"--retrain: {refusal}")
        search = start_search(user, sketch, enqueued=enqueued_of(sketch, options["enqueue"]))
        for each in search.objectives:
            name = search.score_name if each.name == search.objective else label_of(each.name)
            self._say(f"Objective: {dict(Search.Direction.choices)[each.direction]} {name}")
        for constraint in search.constraint_list:
            self._say(f"Constraint: {constraint_text(constraint)}")
        if said := pruning_text(search):
            self._say(said)
        best = self._follow(search)
        for line in result_lines(search, best):
            self._say(line)
        for name, value in best.values.items():
            self._say(f"  {name} = {value!r}")
        if options["retrain"]:
            self._retrain(user, best, options["output"])

    def _prepare(self, dataset: Dataset) -> Dataset:
        """Wait until a worker has prepared it. Of an upload that could not be, nothing stays.
        Returns the dataset, or the one that the team had already of this file."""
        want_dataset(dataset)
        try:
            self._await("Preparing the dataset…", dataset)
            if lacks_target(dataset):
                dataset, line = predict_guessed(dataset)
                self._say(line)
                self._await("Preparing the dataset…", dataset)
        except BaseException:
            if dataset.is_upload and not dataset.is_ready:
                delete_dataset(dataset)
            raise
        if dataset.version > 1:
            self._say(f"Dataset: {dataset.title}")
        for line in preparation_lines(dataset):
            self._say(line)
        return dataset

    def _inspect(self, project: Project) -> None:
        if project.inspection.status == Status.FAILED:
            inspect_again(project)
        self._await("Reading the search space…", project.inspection)

    def _await(self, text: str, work: Dataset | Inspection) -> None:
        """Wait until a worker has done something that it does without our doing."""
        with self.console.status(text) as status:
            while True:
                work.refresh_from_db()
                if work.status == Status.COMPLETED:
                    return
                if isinstance(work, Dataset) and lacks_target(work):
                    return
                if isinstance(work, Dataset) and work.awaits_choices:
                    raise CommandError(_unchosen(work))
                if work.status in (Status.FAILED, Status.STOPPED):
                    raise CommandError(
                        _refusal(work) if isinstance(work, Dataset) else _reason(work)
                    )
                status.update(work.progress_text or text)
                time.sleep(POLL)

    def _follow(self, search: Search) -> Trial:
        """Show the search until its end, or stop it on Ctrl-C. Returns its best trial."""
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed}/{task.total} trials"),
            TaskProgressColumn(),
            TimeRemainingColumn(),
        )
        try:
            self._say(f"Search {search.number} of “{search.project.name}” ({_address(search)})")
            with Progress(*columns, console=self.console) as bar:
                task = bar.add_task("waiting for a worker", total=None)
                while True:
                    search.refresh_from_db()
                    done, total, text = _progress(search)
                    bar.update(task, completed=done, total=total, description=text)
                    if not search.is_active:
                        break
                    time.sleep(POLL)
        except KeyboardInterrupt:
            self._stop(search)
            raise
        if search.end_reason:
            self._say(search.end_reason)
        if saved := savings(search):
            self._say(f"Pruned: {saved.trials_text}. {saved.sentence}")
        best = suggested(search)
        if search.status != SearchStatus.COMPLETED or best is None:
            reason = search.failure_message or _first_failure(search)
            raise CommandError(f"The search has {search.status}. {reason}".strip())
        return best

    def _stop(self, search: Search) -> None:
        """Ctrl-C: end the search and wait for its running trials to have their last word."""
        stop_search(search)
        deadline = time.monotonic() + STOP_SECONDS
        while search.trials.active().exists() and time.monotonic() < deadline:
            time.sleep(POLL)
        counts = f"{search.trials.completed().count()} trials were completed"
        self._say(f"Stopped. {counts}. See {_address(search)}")

    def _retrain(self, user: User, best: Trial, output: Path | None) -> None:
        try:
            saved = retrain(user, best)
        except OverQuota as error:
            raise CommandError(f"--retrain: {error}") from error
        try:
            with self.console.status("Retraining…") as status:
                while saved.is_active:
                    time.sleep(POLL)
                    saved.refresh_from_db()
                    text = saved.progress_text
                    if best.search.kind.has_epochs:
                        epochs = saved.history.filter(attempt=saved.attempt).count()
                        given = best.search.kind.epochs_given
                        text = f"epoch {epochs}" + (f"/{saved.epochs}" if given else "")
                    status.update(f"Retraining trial {best.number}: {text}")
        except KeyboardInterrupt:
            stop_retraining(saved)
            raise
        if saved.status != Status.COMPLETED:
            raise CommandError(_reason(saved))
        self._say(f"Test split: {_numbers(saved) or 'no scores.'}")
        if saved.note:
            self._say(
                saved.note.replace("layers.py", layers_file(output).name) if output else saved.note
            )
        if output:
            for sentence in write_model(saved, output):
                self._say(sentence)
            record("model.download", saved, file="the file")

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)


def _address(search: Search) -> str:
    return reverse("search-detail", args=[search])


def _user(name: str | None) -> User:
    users = User.objects.filter(is_active=True)
    user = users.filter(username=name).first() if name else users.order_by("pk").first()
    if user is None:
        raise CommandError(
            f"No such account: {name!r}." if name else "Run `make setup` first: no account."
        )
    return user


def _team(user: User, name: str | None) -> Team:
    if name is None:
        return default_team(user)
    teams = Team.objects.editable_by(user)
    if team := teams.filter(name=name).first():
        return team
    names = ", ".join(teams.values_list("name", flat=True)) or "none"
    raise CommandError(f"--team: {user} cannot edit team {name!r}. Teams of {user}: {names}.")


def _given(options: dict[str, Any]) -> dict[str, Any]:
    """The options of a search that were given, by the form's fields."""
    objectives = objectives_of(options)
    found = {
        "tuner": options["tuner"],
        "max_trials": options["max_trials"],
        "epochs": options["epochs"],
        "objective": objectives[0][0] or None if objectives else None,
        "direction": options["direction"] or (objectives[0][1] or None if objectives else None),
        **rows_of(objectives[1:], constraints_of(options)),
        "executions_per_trial": options["executions_per_trial"],
        "batch_size": options["batch_size"],
        "early_stopping_metric": options["early_stopping"],
        # The script's belongs to its own metric.
        "early_stopping_direction": options["early_stopping_direction"]
        or ("" if options["early_stopping"] else None),
        "early_stopping_patience": options["patience"],
        "seed": options["seed"],
        "parallel_trials": options["parallel"],
        "scoring": options["scoring"],
        "folds": options["folds"],
        **{limit.name: options[limit.name] for limit in EARLY},
        **{name: options.get(name) for name in PRUNING},
    }
    return {name: value for name, value in found.items() if value is not None}


def objectives_of(options: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and directions ("" where the option says none). A metric goes first: it decides which
    epoch is the best one."""
    found = []
    given = options["objective"]
    # One that a program calls the command with is a text.
    for text in [given] if isinstance(given, str) else given or []:
        name, _, direction = text.rpartition(":")
        if direction not in Search.Direction.values:
            name, direction = text, ""
        found.append((name, direction))
    if len(found) > MAX_OBJECTIVES:
        raise CommandError(f"--objective: at most {MAX_OBJECTIVES} objectives.")
    if not found:
        return []
    # The score of estimators needs no name.
    first = next((each for each in found if each[0] not in MEASURED), ("", ""))
    if first in found:
        found.remove(first)
    return [first, *found]


def constraints_of(options: dict[str, Any]) -> list[Constraint]:
    given = options.get("constraint") or []
    if len(given) > MAX_CONSTRAINTS:
        raise CommandError(f"--constraint: at most {MAX_CONSTRAINTS} constraints.")
    try:
        return [parsed(text) for text in given]
    except ValueError as error:
        raise CommandError(f"--constraint: {error}") from error


def search_of(project: Project, options: dict[str, Any]) -> Search:
    """The search that the options describe: the same checks as on the page."""
    objectives = objectives_of(options)
    if objectives and not objectives[0][0] and project.inspection.kind.has_epochs:
        raise CommandError(
            f"--objective {objectives[1][0]}: add a metric of the template as another objective. "
            "It decides which epoch is the best one."
        )
    form = search_form(project)
    # What the form proposes: the script's own settings where it has any, else the defaults. What
    # the form does not ask for, because nothing like it is trained, is not looked at.
    data = {name: form[name].initial for name in form.fields} | _given(options)
    form = search_form(project, data)
    for name in ("direction", "early_stopping_direction"):
        if name in form.errors:
            # The form's error asks; a command names the ways to answer.
            option = f"--{name.replace('_', '-')}"
            raise CommandError(f"{form.errors[name][0]} Add {option} max (higher) or min (lower).")
    for name in form.errors:
        if name.startswith("direction_"):
            raise CommandError(
                f"{form.errors[name][0]} Write --objective NAME:max (higher) or NAME:min (lower)."
            )
    refuse(form, _OPTIONS)
    if problem := option_problem(
        _given(options), form.cleaned_data["tuner"], 1 + len(form.cleaned_data["other_objectives"])
    ):
        raise CommandError(problem)
    search = form.search()
    search.space = SpaceForm(
        None, inspection=project.inspection, earlier=project.inspection.script_settings.space
    ).space
    form.check_quotas(planned_trials(search))
    refuse(form, _OPTIONS)
    return search


def result_lines(search: Search, best: Trial) -> Iterator[str]:
    """The best trial, or the front of several objectives and the trial of it that is suggested."""
    if not search.has_several_objectives:
        yield f"Best: trial {best.number}, {search.score_name} {best.score:.4g}"
        return
    front = front_of(search)
    yield f"Pareto front: {counted(len(front.trials), 'trial')}"
    for trial in front.trials:
        values = zip(front.labels, map(objective_figure, trial.values), strict=True)
        yield f"  trial {trial.number}: {', '.join(' '.join(pair) for pair in values)}"
    yield f"Suggested: trial {best.number}. {front.reason}"


def enqueued_of(search: Search, entered: list[str]) -> list[dict[str, Any]]:
    """The configurations of --enqueue, each once."""
    if entered and search.strategy.enumerates:
        raise CommandError(
            "--enqueue: not available for grid search, which tries every combination."
        )
    by_run = search.kind.defines_by_run
    if by_run and not entered:
        given: list[dict[str, Any]] = search.inspection.script_settings.fields.get(ENQUEUED, [])
        return given[: search.max_trials]
    found: list[dict[str, Any]] = []
    for text in entered:
        try:
            values = json.loads(text)
            if not isinstance(values, dict):
                raise CommandError(f"--enqueue: {text} is not a JSON object of values.")
            # What a script's trial is not given is drawn.
            configured = values if by_run else configuration(search.space, values)
        except json.JSONDecodeError as error:
            raise CommandError(f"--enqueue: {text} is not valid JSON: {error}.") from error
        except Refused as error:
            raise CommandError(f"--enqueue: {error.sentence}") from error
        if configured not in found:
            found.append(configured)
    if len(found) >= search.max_trials + by_run and search.strategy.counts_trials:
        raise CommandError(
            f"--enqueue gives {len(found)} trials and the defaults are one more: --max-trials "
            f"{search.max_trials} is too few."
        )
    return found


def preparation_lines(dataset: Dataset) -> Iterator[str]:
    """What was done to a file, and what of it was left out."""
    yield from dataset.profile.get("notes") or []
    dropped = dataset.profile.get("dropped") or []
    for one in dropped[:MAX_LEFT_OUT]:
        yield f"Left out: {one['name']} {one['reason']}."
    more = dataset.profile.get("dropped_count", 0) - len(dropped[:MAX_LEFT_OUT])
    if more > 0:
        yield f"{more:,} more left out; see the dataset's page."


def script_lines(project: Project, options: dict[str, Any]) -> Iterator[str]:
    """What the inspection says of the template, then each argument of its script and what becomes
    of it. The options go before the script."""
    given = _given(options)
    if project.inspection.note:
        yield project.inspection.note
    for one in search_form(project).script.arguments:
        yield f"Line {one.line}: {one.text} ({_verdict(one, given)}). {one.note}".rstrip()


def _verdict(one: ScriptArgument, given: dict[str, Any]) -> str:
    if one.use == Use.UNUSED:
        return "not used"
    return f"not used: {given[one.field]} was given" if one.field in given else "from the script"


def _progress(search: Search) -> tuple[int, int, str]:
    """Finished trials, trials in all, and the best score so far in words."""
    finished = search.trials.finished().count()
    total = max(planned_trials(search), finished)
    best = suggested(search)
    pruned = search.trials.filter(status=Status.PRUNED).count()
    if best is not None:
        besides = f", {pruned:,} pruned" if pruned else ""
        if text := front_text(search):
            return finished, total, text
        return finished, total, f"best {search.score_name} {best.score:.4g}{besides}"
    running = search.trials.running().first()
    if running is not None:
        unit = search.kind.unit
        return finished, total, f"trial {running.number}, {unit} {running.epochs_done}"
    return finished, total, "waiting for a worker"


def _reason(work: Dataset | Inspection | SavedModel) -> str:
    reason = f"{work.failure_message} {work.failure_advice_alone}".strip()
    return reason or f"It was {work.status}."


def _unchosen(dataset: Dataset) -> str:
    """Why a file waits for choices: none were made, or they were refused."""
    if dataset.is_arrays and not dataset.failure_message:
        return f"{array_question(dataset.detected_schema)} Use --x and --y."
    return _refusal(dataset)


def _refusal(dataset: Dataset) -> str:
    return table_problem(dataset, _reason(dataset))


def _first_failure(search: Search) -> str:
    """Why there is no best trial."""
    infeasible = search.trials.filter(status=Status.INFEASIBLE).count()
    if infeasible and not search.trials.completed().exists():
        limits = ", ".join(constraint_text(each) for each in search.constraint_list)
        return f"{counted(infeasible, 'trial')} violated a constraint ({limits}), none completed."
    trial = search.trials.filter(status=Status.FAILED).order_by("end_order").first()
    return trial.failure_message if trial else ""


def _numbers(saved: SavedModel) -> str:
    # A metric that was not a number is stored as None.
    return ", ".join(
        f"{name} {'not a number' if value is None else format(value, '.4g')}"
        for name, value in saved.test_metrics.items()
    )
