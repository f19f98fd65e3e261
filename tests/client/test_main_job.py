"""The main job by a script with a token, over the network: search, wait, retrain, download."""

import zipfile
from pathlib import Path
from typing import Any

import pytest
import tuneroom
from django.contrib.auth.models import User

from tuning.actions.access_tokens import create_token
from tuning.models import Project, Scope

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


def test_a_script_searches_waits_and_downloads(
    live_server: Any, project: Project, bob: User, make_slot: Any, tmp_path: Path
) -> None:
    client = tuneroom.connect(live_server.url, create_token(bob, "notebook", Scope.WRITE))
    search = client.start(
        "Digits", strategy="random", max_trials=3, epochs=2, space={"units": [32]}
    )
    # A worker elsewhere, whose runners train nothing.
    assert make_slot().run() == 3
    search.wait(timeout=10, poll=0.05)
    table = search.trials(sort="score").to_pandas()
    assert list(table["status"]) == ["completed"] * 3
    assert set(table["hp:units"]) == {32}
    best = search.best()
    assert [epoch.epoch for epoch in best.epochs()] == [1, 2]
    model = best.retrain(name="Nightly")
    make_slot().run()
    model.wait(timeout=10, poll=0.05)
    assert model.test_metrics == {"accuracy": 0.9}
    path = model.download(tmp_path / "digits.keras")
    assert "model.weights.h5" in zipfile.ZipFile(path).namelist()
