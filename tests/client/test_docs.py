"""Every Python example of docs/api.md runs, one after the other; every address of its commands
exists."""

import re
from pathlib import Path
from typing import Any

import pytest
import tuneroom
from django.contrib.auth.models import User

from tests.api.conftest import with_pictures
from tests.services import ROOT
from tuning.api.site import document
from tuning.models import Project, SavedModel, Search
from tuning.protocol.events import Predicted
from tuning.protocol.predictions import PredictedOutput
from tuning.supervisor import scripts

TEXT = (ROOT / "docs" / "api.md").read_text()
EXAMPLES = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
ANSWER = Predicted(1, [PredictedOutput("class", "classification", [3.0], [[0.1] * 10], True)])
NETWORK = "def build_model(hp):\n    return hp.Int('units', 1, 3)\n"


@pytest.mark.slow
def test_the_examples_run(
    connected: tuneroom.Client, owner: tuneroom.Client, project: Project, dora: User,
    make_slot: Any, tmp_path: Path, monkeypatch: Any,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TUNEROOM_OWNER_TOKEN", "of alice")
    Path("seven.png").write_bytes(b"a picture")
    Path("ships.csv").write_text("size,age\n1,2\n")
    Path("network.py").write_text(NETWORK)
    monkeypatch.setattr(tuneroom, "connect", lambda _, token="": owner if token else connected)

    # In place of a worker elsewhere: what waits is done before a script looks again.
    def work(_: float) -> None:
        make_slot(answers=iter([ANSWER]), table=b"class\r\n3\r\n").run()
        scripts.make_asked()
        for model in SavedModel.objects.exclude(file="").exclude(evaluation__file__gt=""):
            with_pictures(model)

    connected.http.sleep = work
    names: dict[str, Any] = {}
    for example in EXAMPLES:
        exec(compile(example, "docs/api.md", "exec"), names)  # noqa: S102
    assert Path("digits.keras").stat().st_size > 100
    assert [trial.number for trial in names["good"]] == [trial.number for trial in names["same"]]
    assert Search.objects.count() == 5
    assert names["answer"].values == ["3"]
    assert sorted(path.name for path in Path().glob("mistake-*.png")) == [
        "mistake-3.png", "mistake-8.png",
    ]  # fmt: skip
    assert names["delivery"].status == "waiting"
    assert names["template"].name == "Small network"


@pytest.mark.parametrize("address", sorted(set(re.findall(r"8000(/api/v1/\S*)", TEXT))))
def test_the_addresses_of_commands_exist(address: str) -> None:
    known = [re.sub(r"\{\w+\}", r"\\d+", path) for path in document()["paths"]]
    assert any(re.fullmatch(path, address) for path in known)
