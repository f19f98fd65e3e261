"""The main job without a browser: search, and on demand retrain the best trial into a file.

It makes the same rows as the pages do, so the search can be opened in the browser meanwhile.
"""

import shutil
import signal
import time
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from tuning.actions.projects import create_project, inspect_again
from tuning.actions.saved_models import retrain, stop_retraining
from tuning.actions.searches import start_search, stop_search
from tuning.actions.teams import default_team
from tuning.forms.estimator_searches import search_form
from tuning.management.own_worker import own_worker
from tuning.models import Dataset, HyperModel, Inspection, Project, SavedModel, Search, Trial
from tuning.protocol.statuses import SearchStatus, Status

POLL = 0.3
STOP_SECONDS = 15
# What the shell expects of a program that Ctrl-C ended.
INTERRUPTED = 130


class Command(BaseCommand):
    help = "Tune a model template on a dataset; optionally retrain the best trial into a file."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dataset", required=True, help="a dataset's key, such as digits")
        parser.add_argument("--template", required=True, help="a template's key, such as cnn")
        parser.add_argument("--tuner", default="random", choices=Search.Tuner.values)
        parser.add_argument("--max-trials", type=int, default=20)
        parser.add_argument("--epochs", type=int, default=10)
        parser.add_argument("--objective", help="the metric to compare trials by")
        parser.add_argument("--direction", choices=Search.Direction.values)
        parser.add_argument("--executions-per-trial", type=int, default=1)
        parser.add_argument("--batch-size", type=int, default=32)
        parser.add_argument("--folds", type=int, help="of the cross-validation of estimators")
        parser.add_argument("--scoring", default="", help="estimators: a scorer, such as f1_macro")
        parser.add_argument("--early-stopping", metavar="METRIC", default="")
        parser.add_argument("--patience", type=int, default=3)
        parser.add_argument("--seed", type=int, default=1)
        parser.add_argument("--parallel", type=int, default=2, help="trials at once, at most")
        parser.add_argument("--user", help="whose team gets the project (the first account)")
        parser.add_argument("--retrain", action="store_true", help="retrain the best trial")
        parser.add_argument("--output", type=Path, help="where to put the model's file")

    def handle(self, *_: Any, **options: Any) -> None:
        if options["output"] and not options["retrain"]:
            raise CommandError("--output needs --retrain: only a retrained model is a file.")
        if options["output"] and not options["output"].resolve().parent.is_dir():
            raise CommandError(f"There is no folder {options['output'].resolve().parent}.")
        self.console = Console(highlight=False)
        signal.signal(signal.SIGTERM, signal.default_int_handler)
        user = _user(options["user"])
        project = _project(user, _dataset(options["dataset"]), _template(options["template"]))
        with own_worker(self._say):
            try:
                self._run(user, project, options)
            except KeyboardInterrupt:
                raise SystemExit(INTERRUPTED) from None

    def _run(self, user: User, project: Project, options: dict[str, Any]) -> None:
        self._inspect(project)
        search = start_search(user, _search(project, options))
        best = self._follow(search)
        self._say(f"Best: trial {best.number}, {search.score_name} {best.score:.4g}")
        for name, value in best.values.items():
            self._say(f"  {name} = {value!r}")
        if options["retrain"]:
            self._retrain(user, best, options["output"])

    def _inspect(self, project: Project) -> None:
        """Wait until a worker has prepared the dataset and read the search space."""
        if project.inspection.status == Status.FAILED:
            inspect_again(project)
        with self.console.status("Reading the search space…") as status:
            while True:
                inspection = Inspection.objects.get(pk=project.inspection.pk)
                dataset = Dataset.objects.get(pk=project.dataset_id)
                for work in (dataset, inspection):
                    if work.status in (Status.FAILED, Status.STOPPED):
                        raise CommandError(_reason(work))
                    if work.progress_text:
                        status.update(work.progress_text)
                if inspection.status == Status.COMPLETED:
                    project.inspection = inspection
                    project.dataset = dataset
                    return
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
            self._say(f"Search {search.number} of “{search.project.name}” (/searches/{search.pk}/)")
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
        best = search.trials.best_first(search.direction).first()
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
        self._say(f"Stopped. {counts}; they can be read at /searches/{search.pk}/")

    def _retrain(self, user: User, best: Trial, output: Path | None) -> None:
        saved = retrain(user, best)
        try:
            with self.console.status("Retraining…") as status:
                while saved.is_active:
                    time.sleep(POLL)
                    saved.refresh_from_db()
                    text = saved.progress_text
                    if not best.search.is_cross_validated:
                        epochs = saved.history.filter(attempt=saved.attempt).count()
                        text = f"epoch {epochs}/{saved.epochs}"
                    status.update(f"Retraining trial {best.number}: {text}")
        except KeyboardInterrupt:
            stop_retraining(saved)
            raise
        if saved.status != Status.COMPLETED:
            raise CommandError(_reason(saved))
        self._say("Test split: " + _numbers(saved))
        if output:
            temporary = output.with_name(f".{output.name}.part")
            shutil.copyfile(settings.SAVED_MODELS_ROOT / saved.file, temporary)
            temporary.replace(output)
            self._say(f"Saved {output} ({saved.size:,} bytes, SHA-256 {saved.sha256})")

    def _say(self, text: str) -> None:
        self.console.print(text, markup=False, soft_wrap=True)


def _user(name: str | None) -> User:
    users = User.objects.filter(is_active=True)
    user = users.filter(username=name).first() if name else users.order_by("pk").first()
    if user is None:
        raise CommandError(
            f"There is no account {name!r}." if name else "Run `make setup` first: no account."
        )
    return user


def _dataset(key: str) -> Dataset:
    known = Dataset.objects.filter(team__isnull=True)
    dataset = known.filter(key=key).first()
    if dataset is None:
        keys = ", ".join(known.values_list("key", flat=True))
        raise CommandError(f"There is no dataset {key!r}. There are: {keys}.")
    return dataset


def _template(key: str) -> HyperModel:
    known = HyperModel.objects.current().filter(team__isnull=True)
    template = known.filter(key=key).first()
    if template is None:
        keys = ", ".join(known.values_list("key", flat=True))
        raise CommandError(f"There is no template {key!r}. There are: {keys}.")
    return template


def _project(user: User, dataset: Dataset, hypermodel: HyperModel) -> Project:
    """The project of this pair in the user's team; made if there is none."""
    if not hypermodel.fits(dataset):
        raise CommandError(f"{hypermodel.name} does not fit {dataset.get_kind_display()} data.")
    team = default_team(user)
    name = f"{dataset.name} with {hypermodel.name}"[:80]
    known = Project.objects.filter(team=team, name=name, dataset=dataset, hypermodel=hypermodel)
    return known.first() or create_project(
        user, Project(team=team, name=name, dataset=dataset, hypermodel=hypermodel)
    )


def _search(project: Project, options: dict[str, Any]) -> Search:
    """The search that the options describe: the same checks as on the page."""
    form = search_form(project)
    data = {name: form[name].initial for name in form.fields}
    # What the form does not ask for, because nothing like it is trained, is not looked at.
    data |= {
        "tuner": options["tuner"],
        "max_trials": options["max_trials"],
        "epochs": options["epochs"],
        "objective": options["objective"] or data.get("objective"),
        "direction": options["direction"] or "",
        "executions_per_trial": options["executions_per_trial"],
        "batch_size": options["batch_size"],
        "early_stopping_metric": options["early_stopping"],
        "early_stopping_patience": options["patience"],
        "seed": options["seed"],
        "parallel_trials": options["parallel"],
        "scoring": options["scoring"],
        "folds": options["folds"] or data.get("folds"),
    }
    form = search_form(project, data)
    if not form.is_valid():
        lines = [f"--{n.replace('_', '-')}: {e}" for n, es in form.errors.items() for e in es]
        raise CommandError("\n".join(lines))
    return form.search()


def _progress(search: Search) -> tuple[int, int | None, str]:
    """Finished trials, trials in all (None: not known), and the best score so far in words."""
    finished = search.trials.finished().count()
    total = None if search.tuner == Search.Tuner.HYPERBAND else search.max_trials
    best = search.trials.best_first(search.direction).first()
    if best is not None:
        return finished, total, f"best {search.score_name} {best.score:.4g}"
    running = search.trials.running().first()
    if running is not None:
        unit = "fold" if search.is_cross_validated else "epoch"
        return finished, total, f"trial {running.number}, {unit} {running.epochs_done}"
    return finished, total, "waiting for a worker"


def _reason(work: Dataset | Inspection | SavedModel) -> str:
    failure = work.failure
    advice = f" {failure.advice}" if failure else ""
    return f"{work.failure_message}{advice}" or f"It was {work.status}."


def _first_failure(search: Search) -> str:
    trial = search.trials.filter(status=Status.FAILED).order_by("end_order").first()
    return trial.failure_message if trial else ""


def _numbers(saved: SavedModel) -> str:
    # A metric that was not a number is stored as None.
    return ", ".join(
        f"{name} {'not a number' if value is None else format(value, '.4g')}"
        for name, value in saved.test_metrics.items()
    )
