"""Reads what scripts give to their tuners, and trains with it, in one process. Run as

    python check_script_settings.py <folder of prepared datasets> <file>

The file holds {"read": {name: code}, "train": {name: {"code", "dataset", "order"}}}. It prints one
JSON object: "read" has the settings of each script as a dict, "train" for each name "inspected",
"trial" (all events of one trial of the defaults) and "retrained" (all events).
"""

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.runner.check_scripts import Supervisor  # noqa: E402
from tests.runner.check_templates import Recorder  # noqa: E402
from tests.runner.harness import project, search_order  # noqa: E402
from tuning.protocol.events import Inspected  # noqa: E402
from tuning.protocol.model_kinds import ModelKind  # noqa: E402
from tuning.protocol.orders import InspectOrder, ProjectOrder, RetrainOrder  # noqa: E402
from tuning.runner.failures import failure_of  # noqa: E402
from tuning.runner.libraries import load_libraries  # noqa: E402


def main(datasets: Path, wanted: dict[str, Any]) -> None:
    load_libraries()
    from tuning.runner.networks import samples

    # How many there are is tested with the templates; here it only takes time.
    samples.MAX_SAMPLES = 2
    results: dict[str, Any] = {"read": {}, "train": {}}
    for name, code in wanted["read"].items():
        results["read"][name] = _read(project(code, datasets / "iris"))
    for name, script in wanted["train"].items():
        with tempfile.TemporaryDirectory() as work:
            os.chdir(work)
            order = project(script["code"], datasets / script["dataset"])
            results["train"][name] = _train(order, script.get("order", {}))
            os.chdir(ROOT)
    sys.stdout.write("\n" + json.dumps(results))


def _read(order: ProjectOrder) -> dict[str, Any]:
    import keras_tuner as kt

    from tuning.runner.inputs.data import load_dataset
    from tuning.runner.spaces import to_json
    from tuning.runner.template.code import Template

    dataset = load_dataset(order)
    template = Template(order.code, dataset.facts, {}, dataset.rows)
    hp = kt.HyperParameters()
    template.build(hp)
    metrics = ["val_loss", "val_accuracy"]
    objective = template.objective.among(metrics, {})
    return asdict(template.arguments.settings(metrics, to_json(hp), objective))


def _train(order: ProjectOrder, settings: dict[str, Any]) -> dict[str, Any]:
    from tuning.runner.custom_tuners.retrain import retrain_custom
    from tuning.runner.custom_tuners.search import search_custom
    from tuning.runner.inspection import inspect_template
    from tuning.runner.networks.retrain import retrain
    from tuning.runner.networks.search import search

    recorder = Recorder()
    _attempt(recorder, lambda: inspect_template(InspectOrder(order), recorder))
    inspected = recorder.events[-1]
    results: dict[str, Any] = {"inspected": asdict(inspected)}
    if not isinstance(inspected, Inspected):
        return results
    own = inspected.kind == ModelKind.CUSTOM
    space = _as_the_script_has_it(inspected)
    values = dict(space["values"])
    results["values"] = values
    settings = {"objective": "val_loss", "direction": "min", "epochs": 3, **settings}
    searching = search_order(order, space, kind=inspected.kind, **settings)
    supervisor = Supervisor(values)
    _attempt(supervisor, lambda: (search_custom if own else search)(searching, supervisor))
    results["trial"] = [asdict(event) for event in supervisor.events]
    last = Recorder()
    retraining = RetrainOrder(order, values, space, epochs=3, batch_size=64, seed=1)
    _attempt(last, lambda: (retrain_custom if own else retrain)(retraining, last))
    results["retrained"] = [asdict(event) for event in last.events]
    return results


def _as_the_script_has_it(inspected: Inspected) -> dict[str, Any]:
    """The space with the script's changes, with its defaults as values: the form does the same."""
    import keras_tuner as kt

    from tuning.runner.spaces import to_json

    changed = {e["config"]["name"]: e for e in inspected.script.space.get("space", [])}
    space = [changed.get(e["config"]["name"], e) for e in inspected.space["space"]]
    if not changed:
        return inspected.space
    hp = kt.HyperParameters.from_config({"space": space, "values": {}})
    return {**to_json(hp), "values": {entry.name: entry.default for entry in hp.space}}


def _attempt(recorder: Recorder, step: Any) -> None:
    try:
        step()
    except (Exception, SystemExit) as error:  # noqa: BLE001  as the runner does
        recorder.send(failure_of(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text()))
