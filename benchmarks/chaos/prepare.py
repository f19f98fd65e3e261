"""Fills the database of an installation with searches, as a program of its own:

python -m benchmarks.chaos.prepare '[{"tuner": "random", "max_trials": 200}]' 0.05
"""

import json
import os
import sys
from collections.abc import Sequence
from typing import Any

import django

SPACE = {
    "space": [
        {"class_name": "Float", "config": {
            "name": "rate", "default": 0.1, "conditions": [], "min_value": 0.0, "max_value": 1.0,
            "step": None, "sampling": "linear"}},
        {"class_name": "Int", "config": {
            "name": "units", "default": 8, "conditions": [], "min_value": 8, "max_value": 64,
            "step": 8, "sampling": "linear"}},
    ],
    "values": {},
}  # fmt: skip
DEFAULTS = {"objective": "val_accuracy", "direction": "max", "epochs": 2, "parallel_trials": 8}


def start_searches(searches: Sequence[dict[str, Any]], seconds: float, space: Any = SPACE) -> None:
    """Each in a project of its own, with fake trials whose epochs take so long."""
    from tuning.actions.searches import start_search
    from tuning.models import Dataset, HyperModel, Project, Search, Team

    team, _ = Team.objects.get_or_create(name="Chaos")
    dataset, _ = Dataset.objects.get_or_create(
        key="chaos", defaults={"name": "Chaos", "folder": "chaos", "status": "completed"}
    )
    code = json.dumps({"seconds": seconds})
    hypermodel = HyperModel.objects.create(
        key=f"chaos-{HyperModel.objects.count()}", name="Fake", code=code, kinds=["image"]
    )
    for settings in searches:
        project = Project.objects.create(
            team=team, name=f"Chaos {Project.objects.count()}", dataset=dataset,
            hypermodel=hypermodel,
        )  # fmt: skip
        start_search(None, Search(project=project, space=space, **{**DEFAULTS, **settings}))


if __name__ == "__main__":
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "benchmarks.chaos.settings")
    django.setup()
    start_searches(json.loads(sys.argv[1]), float(sys.argv[2]))
