"""A site without a worker, for test_joining.py: python -m tests.system.joined_site

It serves its pages, says "serving PORT", and then does what it reads, one order a line:

    token NAME      an administrator adds a machine; the answer is its token
    work            somebody starts a search, a preparation and a validation
    retrain         and then a retraining of the best trial
    ask             and a question to that model
    report          the answer is JSON: what became of it all
    remove NAME     an administrator removes a machine
"""

# ruff: noqa: E402

import json
import os
import re
import sys
import threading
from collections.abc import Callable
from socketserver import ThreadingMixIn
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "webapp.settings"
django.setup()

from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from tests.space import SPACE
from tuning.actions.predictions import ask
from tuning.actions.saved_models import retrain
from tuning.actions.searches import start_search
from tuning.models import (
    AuditEntry,
    Dataset,
    HyperModel,
    Inspection,
    Machine,
    Membership,
    Notification,
    Prediction,
    Project,
    Role,
    SavedModel,
    Search,
    Team,
    Trial,
    Worker,
)
from tuning.protocol.statuses import Status
from webapp.wsgi import application

TOKEN = re.compile(r"--token ([\w-]+)")


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


def prepare() -> None:
    call_command("migrate", verbosity=0)
    users = get_user_model().objects
    users.create_superuser("erin")
    alice, team = users.create_user("alice"), Team.objects.create(name="Team", max_slots=3)
    Membership.objects.create(team=team, user=alice, role=Role.OWNER)
    dataset = Dataset.objects.create(
        key="d", name="D", folder="d", status=Status.COMPLETED, kind="image",
        task="classification",
        profile={"rows": 10, "input_shape": [8, 8, 1], "num_classes": 10},
    )  # fmt: skip
    template = HyperModel.objects.create(key="h", name="H", code="", kinds=["image"])
    Project.objects.create(
        team=team, name="P", dataset=dataset, hypermodel=template, created_by=alice
    )


def as_erin() -> Client:
    client = Client(SERVER_NAME="localhost")
    erin = get_user_model().objects.get(username="erin")
    client.force_login(erin, backend="django.contrib.auth.backends.ModelBackend")
    return client


def token(name: str) -> str:
    page = as_erin().post(reverse("machine-create"), {"name": name, "hours": "1"})
    assert page.status_code == 200, page.content.decode()
    found = TOKEN.search(page.content.decode())
    assert found
    return found[1]


def work() -> str:
    project = Project.objects.get()
    start_search(
        project.created_by,
        Search(
            project=project, space=SPACE, objective="val_accuracy", direction="max", tuner="tpe",
            epochs=3, max_trials=4, executions_per_trial=2, pruner="asha",
        ),
    )  # fmt: skip
    Inspection.objects.create(
        dataset=project.dataset, hypermodel=project.hypermodel, requested=True
    )
    Dataset.objects.create(key="digits", name="Digits", requested=True, source="bundled")
    return "done"


def retrain_best() -> str:
    trial = Trial.objects.completed().best_first("max").first()
    assert trial
    retrain(trial.search.created_by, trial)
    return "done"


def ask_model() -> str:
    saved = SavedModel.objects.get()
    ask(saved.created_by, saved, {})
    return "done"


def report() -> str:
    trials = Trial.objects.order_by("number")
    found = {
        "trials": list(trials.values_list("status", flat=True)),
        "epochs": sum(trial.epochs.count() > 0 for trial in trials),
        "search": list(Search.objects.values_list("status", flat=True)),
        "inspection": list(Inspection.objects.values_list("status", flat=True)),
        "datasets": list(Dataset.objects.values_list("status", flat=True)),
        "model": list(SavedModel.objects.values_list("status", flat=True)),
        "answers": list(Prediction.objects.values_list("status", flat=True)),
        "notifications": Notification.objects.count(),
        "workers": sorted(Worker.objects.online().values_list("name", flat=True)),
        "machines": sorted(Machine.objects.joined().values_list("name", flat=True)),
        "acts": [str(entry) for entry in AuditEntry.objects.exclude(kind="sign_in").order_by("pk")],
    }
    return json.dumps(found)


def remove(name: str) -> str:
    machine = Machine.objects.get(name=name)
    answer = as_erin().post(reverse("machine-remove", args=[machine.pk]), follow=True)
    assert f"Machine “{name}” was removed." in answer.content.decode()
    return "done"


ORDERS: dict[str, Callable[..., str]] = {
    "token": token, "work": work, "retrain": retrain_best, "ask": ask_model, "report": report,
    "remove": remove,
}  # fmt: skip


def serve() -> None:
    server = make_server("127.0.0.1", 0, application, Server, Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print("serving", server.server_port, flush=True)
    for line in sys.stdin:
        order, *words = line.split()
        print(ORDERS[order](*words), flush=True)


if __name__ == "__main__":
    prepare()
    serve()
