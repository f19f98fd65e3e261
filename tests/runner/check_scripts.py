"""Takes scripts through all that a runner does with them, in one process. Run as

    python check_scripts.py <folder of prepared datasets> <folder of scripts> [<name> ...]

it prints one JSON object: name -> {"inspected", "trial", "retrained"}, each an event as a dict. A
script's first line names its dataset: `# dataset: iris`. Each step needs the one before it.
"""

import json
import os
import re
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.runner.check_templates import Recorder  # noqa: E402
from tests.runner.harness import project, search_order  # noqa: E402
from tuning.protocol.events import Inspected, NextTrial  # noqa: E402
from tuning.protocol.model_kinds import ModelKind  # noqa: E402
from tuning.protocol.orders import (  # noqa: E402
    EndOrder,
    InspectOrder,
    Order,
    ProjectOrder,
    RetrainOrder,
    TrialOrder,
)
from tuning.runner.failures import failure_of  # noqa: E402
from tuning.runner.libraries import load_libraries  # noqa: E402


class Supervisor(Recorder):
    """Orders one trial of the default values, then the end."""

    def __init__(self, values: dict[str, Any]) -> None:
        super().__init__()
        self._orders: list[Order] = [TrialOrder("0001", values, 1), EndOrder()]

    def receive(self) -> Order:
        return self._orders.pop(0)


def main(datasets: Path, scripts: Path, names: list[str]) -> None:
    load_libraries()
    from tuning.runner.networks import samples

    # How many there are is tested with the templates; here it only takes time.
    samples.MAX_SAMPLES = 2
    results: dict[str, Any] = {}
    for path in sorted(scripts.glob("*.py")):
        if names and path.stem not in names:
            continue
        code = path.read_text()
        named = re.match("# dataset: (.*)", code)
        folder = datasets / (named[1] if named else "digits")
        stratified = folder.name not in ("diabetes", "windows")
        with tempfile.TemporaryDirectory() as work:
            os.chdir(work)
            results[path.stem] = _all_of(project(code, folder, stratified=stratified))
            os.chdir(ROOT)
        sys.stderr.write(f"\nRESULT {json.dumps({path.stem: results[path.stem]})}\n")
    sys.stdout.write("\n" + json.dumps(results))


def _all_of(order: ProjectOrder) -> dict[str, Any]:
    from tuning.runner.custom_tuners import retrain as custom_retrain
    from tuning.runner.custom_tuners import search as custom_search
    from tuning.runner.estimators.retrain import retrain_estimator
    from tuning.runner.estimators.search import search_estimators
    from tuning.runner.inspection import inspect_template
    from tuning.runner.networks.retrain import retrain
    from tuning.runner.networks.search import search

    searches: dict[str, Any] = {
        ModelKind.KERAS: (search, retrain),
        ModelKind.CUSTOM: (custom_search.search_custom, custom_retrain.retrain_custom),
        ModelKind.SKLEARN: (search_estimators, retrain_estimator),
    }
    recorder = Recorder()
    _attempt(recorder, lambda: inspect_template(InspectOrder(order), recorder))
    inspected = recorder.events[-1]
    results = {"inspected": asdict(inspected)}
    if not isinstance(inspected, Inspected):
        return results
    space = inspected.space
    values = dict(space["values"])
    begin_search, begin_retraining = searches[inspected.kind]
    objective = next((m for m in inspected.metrics if m.startswith("val_")), inspected.metrics[0])
    supervisor = Supervisor(values)
    searching = search_order(
        order, space, objective=objective, epochs=2, kind=inspected.kind, folds=2
    )
    _attempt(supervisor, lambda: begin_search(searching, supervisor))
    ends = [event for event in supervisor.events if not isinstance(event, NextTrial)]
    results["trial"] = asdict(ends[-1])
    last = Recorder()
    retraining = RetrainOrder(order, values, space, epochs=2, batch_size=32, seed=1)
    _attempt(last, lambda: begin_retraining(retraining, last))
    results["retrained"] = asdict(last.events[-1])
    return results


def _attempt(recorder: Recorder, step: Any) -> None:
    try:
        step()
    except (Exception, SystemExit) as error:  # noqa: BLE001  as the runner does
        recorder.send(failure_of(error))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
