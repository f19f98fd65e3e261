"""Inspects many templates in one process, since importing TensorFlow takes seconds. Run as

    python check_templates.py <folder of prepared datasets>

it prints one JSON object: "<template> on <dataset>" -> its Inspected or Failed event, as a dict.
"""

import gc
import json
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.runner.harness import project  # noqa: E402
from tuning.hypermodels import BUILTIN, source_of  # noqa: E402
from tuning.protocol.events import Event  # noqa: E402
from tuning.protocol.orders import InspectOrder  # noqa: E402
from tuning.protocol.tasks import Task  # noqa: E402
from tuning.runner.failures import failure_of  # noqa: E402
from tuning.runner.libraries import load_libraries  # noqa: E402

CASES = [
    ("cnn", "digits"),
    ("cnn-blocks", "digits"),
    ("transfer", "digits"),
    ("batch-size", "digits"),
    ("batch-size", "diabetes"),
    ("dense", "wine"),
    ("dense", "breast-cancer"),
    ("dense", "diabetes"),
    ("text", "reviews"),
    ("sequence", "gestures"),
    ("optuna-script", "diabetes"),
    ("autoencoder", "pump-sensors"),
    ("conv-autoencoder", "digits"),
]
# There is nothing to stratify by in these: numbers, and the inputs themselves.
NO_CLASSES = ("diabetes", "pump-sensors")
UNUSABLE = {
    "syntax": "import keras_tuner as kt\nx = 1 +\n",
    "empty": "x = 1\n",
    "argument": "def build_model(hp, colour): ...\n",
    "import": "raise RuntimeError('at import')\n",
    "two": "from keras_tuner import HyperModel\n"
    "class A(HyperModel): ...\nclass B(HyperModel): ...\n",
    "no model": "def build_model(hp): return hp.Int('units', 1, 2)\n",
    "endless scopes": "import random\ndef build_model(hp):\n    hp.Boolean('a')\n"
    "    with hp.conditional_scope('a', [random.random()]):\n        hp.Int('b', 1, 2)\n",
}
OTHER_BASES = ("InceptionV3", "EfficientNetB0")


class Recorder:
    """A channel to nowhere, one for each piece of work."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        # A runner does one piece of work. What earlier ones left here would be looked through
        # whenever Keras and KerasTuner collect garbage, dozens of times for each template.
        gc.collect()
        gc.freeze()

    def send(self, event: Event) -> None:
        self.events.append(event)

    def begin_trial(self, token: str) -> None:
        """Nobody here has to tell trials apart."""


def main(datasets: Path) -> None:
    load_libraries()
    from tuning.runner.networks import samples

    # How many there are is tested with own templates; here it only takes time.
    samples.MAX_SAMPLES = 2
    from tuning.runner.inspection import inspect_template

    results: dict[str, Any] = {}
    codes = {template.key: source_of(template) for template in BUILTIN}
    for key, dataset in CASES:
        recorder = Recorder()
        folder = datasets / dataset
        task = Task.RECONSTRUCTION if "autoencoder" in key else ""
        stratified = not task and dataset not in NO_CLASSES
        order = replace(project(codes[key], folder, stratified=stratified), task=task)
        inspect_template(InspectOrder(order), recorder)
        results[f"{key} on {dataset}"] = asdict(recorder.events[-1])
    results["bases"] = {base: _built(codes["transfer"], base, datasets) for base in OTHER_BASES}
    results["smallest blocks"] = _smallest_blocks(codes["cnn-blocks"], datasets)
    for name, code in UNUSABLE.items():
        recorder = Recorder()
        try:
            inspect_template(InspectOrder(project(code, datasets / "iris")), recorder)
        except Exception as error:  # noqa: BLE001  as the runner does
            recorder.send(failure_of(error))
        results[name] = asdict(recorder.events[-1])
    sys.stdout.write("\n" + json.dumps(results))


def _built(code: str, base: str, datasets: Path) -> list[int | None]:
    """The output shape of a transfer model over this base."""
    return _model(code, {"base": base, "weights": "none"}, datasets).output_shape


def _smallest_blocks(code: str, datasets: Path) -> list[int | None]:
    """The output shape with the largest poolings everywhere: 8 x 8 pixels would not last."""
    poolings = {
        f"block_{block}/{kind}_pooling": 3 for block in (1, 2) for kind in ("max", "average")
    }
    return _model(code, {"augmentation": True, "flip": True, **poolings}, datasets).output_shape


def _model(code: str, values: dict[str, Any], datasets: Path) -> Any:
    import keras_tuner as kt

    from tuning.runner.inputs.data import load_dataset
    from tuning.runner.template.code import Template

    template = Template(code, load_dataset(project(code, datasets / "digits")).facts)
    hp = kt.HyperParameters()
    hp.values = dict(values)
    return template.build(hp)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
