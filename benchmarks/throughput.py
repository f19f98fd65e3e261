"""24 random trials x 5 epochs of the small CNN on digits: Tuneroom against a KerasTuner script.

Both train the same template on the same rows with the same seed; the script's clock runs during
`search()` only (not its imports), Tuneroom's from the search's start to its last trial's end.
"""

import json
import subprocess
import sys
import tempfile

from tuneroom import ROOT, Running, tuneroom

TRIALS, EPOCHS = 24, 5
TEMPLATE = ROOT / "tuning" / "hypermodels" / "cnn.py"

SCRIPT = f"""
import json, sys, tempfile, time
sys.path.insert(0, {str(ROOT)!r})
import keras_tuner, numpy as np
from sklearn.datasets import load_digits
from tuning.protocol.orders import Split
from tuning.splits import split_rows

namespace = {{"__name__": "template"}}
exec(compile(open({str(TEMPLATE)!r}).read(), "cnn.py", "exec"), namespace)
x, y = load_digits(return_X_y=True)
x = x.reshape(-1, 8, 8, 1).astype("float32")
rows = split_rows(y, Split(0.7, 0.15, 0.15, 0, True))
facts = {{"input_shape": (8, 8, 1), "num_classes": 10, "task": "classification", "max_value": 16.0}}
import inspect
builder = next(v for v in namespace.values() if getattr(v, "__module__", "") == "template"
               and (inspect.isclass(v) and issubclass(v, keras_tuner.HyperModel)
                    or getattr(v, "__name__", "") == "build_model"))
names = inspect.signature(builder).parameters
given = {{name: value for name, value in facts.items() if name in names}}
model = builder(**given) if inspect.isclass(builder) else lambda hp: builder(hp, **given)
tuner = keras_tuner.RandomSearch(model, objective="val_accuracy", max_trials={TRIALS}, seed=1,
                                 directory=tempfile.mkdtemp(), overwrite=True)
began = time.monotonic()
tuner.search(x[rows["train"]], y[rows["train"]], epochs={EPOCHS}, batch_size=32, verbose=0,
             validation_data=(x[rows["validation"]], y[rows["validation"]]))
print(json.dumps(time.monotonic() - began))
"""


def peer() -> float:
    """Seconds of the plain script."""
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], capture_output=True, text=True, check=False, cwd=folder
        )
    if done.returncode:
        raise SystemExit(done.stderr[-2000:])
    return float(json.loads(done.stdout.splitlines()[-1]))


def ours(running: Running) -> float:
    """Seconds from the search's creation to its end, with the worker warm."""
    tune = ["tune", "--dataset", "digits", "--template", "cnn", "--epochs", str(EPOCHS)]
    running.manage(*tune, "--max-trials", "2")
    running.manage(*tune, "--max-trials", str(TRIALS))
    sql = (
        "SELECT (julianday(finished_at) - julianday(created_at)) * 86400 FROM tuning_search"
        " WHERE max_trials = ? AND status = 'completed'"
    )
    return float(running.wait(sql, TRIALS)[0])


def main() -> None:
    with tuneroom() as running:
        mine = ours(running)
    theirs = peer()
    print(f"Tuneroom    {mine:6.1f} s  {mine / TRIALS:.2f} s a trial")
    print(f"KerasTuner  {theirs:6.1f} s  {theirs / TRIALS:.2f} s a trial")
    print(f"ratio       {theirs / mine:6.2f}")


if __name__ == "__main__":
    main()
