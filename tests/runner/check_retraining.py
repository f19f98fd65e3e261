"""Retrains templates as people bring them, in one process. Run as

    python check_retraining.py <folder of prepared datasets> <folder of templates> <folder>

it prints one JSON object: name -> its events, each as [name of its class, its fields]. What a
retraining leaves is in a folder of its name below the last argument. Lines of comment at a file's
beginning may name dataset, kind of model, task and values: `# dataset: iris`, `# kind: custom`,
`# task: reconstruction`, `# values: {"units": 4}`.
"""

import json
import os
import re
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.runner.check_templates import Recorder  # noqa: E402
from tests.runner.harness import project  # noqa: E402
from tuning.protocol.orders import RetrainOrder  # noqa: E402
from tuning.runner.failures import failure_of  # noqa: E402
from tuning.runner.libraries import load_libraries  # noqa: E402


def main(datasets: Path, templates: Path, results: Path) -> None:
    load_libraries()
    from tuning.runner.custom_tuners.retrain import retrain_custom
    from tuning.runner.estimators.retrain import retrain_estimator
    from tuning.runner.evaluation import importances
    from tuning.runner.networks.retrain import retrain
    from tuning.runner.optuna_scripts.retrain import retrain_script

    # A busy machine leaves nothing out.
    importances._SECONDS = 600.0
    does = {
        "keras": retrain, "sklearn": retrain_estimator, "custom": retrain_custom,
        "optuna": retrain_script,
    }  # fmt: skip
    told: dict[str, Any] = {}
    for path in sorted(templates.glob("*.py")):
        code = path.read_text()
        about = dict(re.findall("^# (dataset|kind|task|values): (.*)$", code, re.MULTILINE))
        kind = about.get("kind", "keras")
        about_data = project(code, datasets / about.get("dataset", "digits"), stratified=False)
        order = RetrainOrder(
            replace(about_data, task=about.get("task", "")),
            values=json.loads(about.get("values", "{}")), space={},
            epochs=1, batch_size=64, seed=1, kind=kind,
        )  # fmt: skip
        recorder = Recorder()
        (results / path.stem).mkdir()
        os.chdir(results / path.stem)
        try:
            does[kind](order, recorder)
        except Exception as error:  # noqa: BLE001  as the runner does
            recorder.send(failure_of(error))
        told[path.stem] = [[type(event).__name__, asdict(event)] for event in recorder.events]
    sys.stdout.write("\n" + json.dumps(told))


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:4]))
