"""How many weights does a search write and keep, with 20 to 1,000 trials?

    .venv/bin/python benchmarks/weights_on_disk.py --trials 20 100 1000

Slots, supervisor, strategies and pruners are Tuneroom's; the runner trains nothing, and its weights
are 1 MB. It counts the files, not what the code says of them: what the runner writes into its own
folder, what appears among the checkpoints, and how much lies there between two trials and at the
end.
"""

import argparse
import os
import random
import sys
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

if TYPE_CHECKING:
    from tests.supervisor.fake_runner import Step
    from tuning.models import Project
    from tuning.protocol.orders import SearchOrder, TrialOrder

MEGABYTE = b"w" * 1_000_000
EPOCHS, FACTOR = 9, 3
SPACE = {
    "space": [{"class_name": "Float", "config": {
        "name": "units", "default": 0.5, "conditions": [], "min_value": 0.0, "max_value": 1.0,
        "step": None, "sampling": "linear"}}],
    "values": {},
}  # fmt: skip
COLUMNS = (
    "search", "trials", "written by the runner", "stored as checkpoints", "most kept", "at the end",
)  # fmt: skip
ASHA = {"pruner": "asha", "pruning_warmup": 0, "pruning_factor": FACTOR}
SEARCHES: dict[str, dict[str, Any]] = {
    "random": {"tuner": "random"},
    "TPE": {"tuner": "tpe"},
    "TPE, median": {"tuner": "tpe", "pruner": "median"},
    "random, ASHA": {"tuner": "random", **ASHA},
    "TPE, ASHA": {"tuner": "tpe", **ASHA},
    "Hyperband": {"tuner": "hyperband", "hyperband_factor": FACTOR},
}


def curve(units: float) -> list[float]:
    """Curves that cross each other, so that trials are promoted late."""
    return [
        units * (1 - 1 / (1 + epoch)) + random.Random(f"{units} {epoch}").gauss(0, 0.05)  # noqa: S311
        for epoch in range(1, EPOCHS + 1)
    ]


@dataclass
class Watch:
    """The files of one search. Sizes in bytes."""

    folder: Path
    seen: dict[str, int] = field(default_factory=dict)
    by_runner: int = 0
    most: int = 0

    def look(self) -> int:
        """How much lies there now."""
        found = {
            each.name: sum(file.stat().st_size for file in each.iterdir())
            for each in (self.folder.iterdir() if self.folder.exists() else ())
        }
        self.seen |= found
        self.most = max(self.most, sum(found.values()))
        return sum(found.values())

    def script(self, search: "SearchOrder", trial: "TrialOrder") -> "Iterator[Step]":
        from tuning.protocol.events import EpochEnd, TrialEnd

        self.look()
        first = int(trial.values.get("tuner/initial_epoch", 0))
        last = int(trial.values.get("tuner/epochs", search.epochs))
        scores = curve(trial.values["units"])[first:last]
        for epoch, score in enumerate(scores, first + 1):
            yield EpochEnd(0, epoch, 0.1, {search.objective: score})
        yield TrialEnd({search.objective: max(scores)}, best_step=scores.index(max(scores)))


def measured(project: "Project", trials: int, settings: dict[str, Any]) -> str:
    from django.conf import settings as site

    from tuning.actions.searches import start_search
    from tuning.models import Search
    from tuning.strategies.hyperband_plan import trial_count

    iterations = max(1, round(trials / trial_count(EPOCHS, FACTOR, 1)))
    defaults = {"pruner": "none", "hyperband_iterations": iterations}
    search = start_search(project.created_by, Search(
        project=project, space=SPACE, epochs=EPOCHS, max_trials=trials, objective="val_accuracy",
        direction="max", **{**defaults, **settings},
    ))  # fmt: skip
    watch = Watch(Path(site.CHECKPOINTS_ROOT) / str(search.pk))
    run(watch)
    at_end = watch.look()
    search.refresh_from_db()
    if search.is_active:
        raise SystemExit(f"{search} has not ended")
    sizes = (watch.by_runner, sum(watch.seen.values()), watch.most, at_end)
    figures = [f"{size / 1e6:,.0f} MB" for size in sizes]
    return " | ".join([f"{search.trials.count():,}", *figures])


def run(watch: Watch) -> None:
    """One slot, until it finds no more work."""
    from django.utils import timezone

    from tests.supervisor.fake_runner import FakeRunner
    from tuning.models import Worker
    from tuning.supervisor.pool import RunnerPool
    from tuning.supervisor.runners import Device
    from tuning.supervisor.slot import SlotLoop

    class Counting(FakeRunner):
        def _write(self, name: str, content: bytes) -> None:
            watch.by_runner += len(content)
            super()._write(name, content)

    now = timezone.now()
    worker, _ = Worker.objects.get_or_create(
        name="worker", defaults={"slots": 1, "started_at": now, "seen_at": now}
    )
    SlotLoop(
        worker=worker, number=0, device=Device(), memory_limit=10_000,
        pool=RunnerPool(lambda device: Counting(device, watch.script, weights=MEGABYTE)),
        stopping=threading.Event(), closed=threading.Event(),
    ).run()  # fmt: skip


def made_project() -> "Project":
    """Ready to train, as far as a runner that reads nothing can tell."""
    from django.conf import settings as site
    from django.contrib.auth.models import User

    from tuning.models import Dataset, HyperModel, Inspection, Project, Team
    from tuning.protocol.data_kinds import DataKind
    from tuning.protocol.statuses import Status
    from tuning.protocol.tasks import Task

    alice = User.objects.create_user("alice")
    dataset = Dataset.objects.create(
        key="benchmark", name="Digits", source=Dataset.Source.BUNDLED, kind=DataKind.IMAGE,
        task=Task.CLASSIFICATION, status=Status.COMPLETED, requested=True, folder="digits",
        profile={"rows": 1797, "input_shape": [8, 8, 1], "num_classes": 10},
    )  # fmt: skip
    (Path(site.DATASETS_ROOT) / dataset.folder).mkdir(parents=True)
    code = HyperModel.objects.create(key="benchmark", name="CNN", kinds=["image"])
    Inspection.objects.create(
        dataset=dataset, hypermodel=code, status=Status.COMPLETED, space=SPACE,
        metrics=["val_accuracy"], parameters=1234,
    )  # fmt: skip
    return Project.objects.create(
        team=Team.objects.create(name="Vision"), name="Digits", dataset=dataset, hypermodel=code,
        created_by=alice,
    )  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--trials", type=int, nargs="+", default=[20, 100, 1000])
    parser.add_argument("--searches", nargs="+", choices=SEARCHES, default=list(SEARCHES))
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"TUNEROOM_DATA": folder, "LOG_LEVEL": "ERROR"}
        os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
        import django
        from django.core.management import call_command

        django.setup()
        call_command("migrate", verbosity=0)
        project = made_project()
        print("| " + " | ".join(COLUMNS) + " |")
        print("|---" * len(COLUMNS) + "|")
        for name in options.searches:
            for trials in options.trials:
                print(f"| {name} | {measured(project, trials, SEARCHES[name])} |", flush=True)


if __name__ == "__main__":
    main()
