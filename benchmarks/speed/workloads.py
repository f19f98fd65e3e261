"""What is searched: five workloads on data that scikit-learn brings along."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from tuning.strategies.hyperband_plan import epoch_count

# KerasTuner's and Tuneroom's default.
FACTOR = 3
BUILDERS = Path(__file__).resolve().parent / "builders"


@dataclass(frozen=True)
class Workload:
    """`rows` is a function of `data.py`, `builder` a file in `builders/`. `folds`: of estimators,
    which have no epochs. Targets: how many times as fast as a plain KerasTuner script, and as the
    best of all peers. `minutes`: what one round takes all programs on two idle cores. `remark`:
    what keeps a target out of reach."""

    name: str
    title: str
    rows: str
    builder: str
    trials: int
    targets: tuple[float, float]
    minutes: float
    epochs: int = 1
    executions: int = 1
    batch_size: int = 32
    folds: int = 0
    hyperband: bool = False
    remark: str = ""

    @property
    def objective(self) -> str:
        return "score" if self.folds else "val_accuracy"

    @property
    def all_epochs(self) -> int:
        """What all trials train, together; folds of estimators."""
        if self.hyperband:
            return epoch_count(self.epochs, FACTOR, 1)
        return self.trials * (self.folds or self.epochs * self.executions)


SCIKIT_LEARN = """\
scikit-learn alone takes 88 ms of processor time for the 5 folds of a configuration
(`cross_val_score` in one thread, on an otherwise idle machine, measured apart from the table): 4.4
s for the search on two cores, and more where both are busy. 95 % of a runner's time is inside
scikit-learn's `fit` and `score`, 3 % builds the pipelines (a sampling profile)."""

WORKLOADS = (
    Workload(
        "architectures", "24 random trials of 5 epochs, small CNN, digits of 8 × 8 pixels",
        "digits", "small_cnn", 24, (3.0, 1.2), 2.5, epochs=5,
    ),
    Workload(
        "learning_rate", "Learning rate only: 5 trials of 3 executions of 5 epochs, the CNN of "
        "Keras's tutorial, digits of 28 × 28 pixels",
        "large_digits", "tutorial_cnn", 5, (5.0, 2.5), 2.5, epochs=5, executions=3, batch_size=128,
    ),
    Workload(
        "hyperband", "Hyperband, at most 20 epochs, small CNN, digits of 8 × 8 pixels",
        "digits", "small_cnn", 30, (3.0, 1.5), 3.5, epochs=20, hyperband=True,
    ),
    Workload(
        "training", "12 trials of 20 epochs, larger CNN, 5,000 images of 32 × 32 pixels",
        "crops", "larger_cnn", 12, (1.15, 1.0), 4.0, epochs=20, batch_size=128,
    ),
    Workload(
        "pipelines", "100 scikit-learn pipelines, each cross-validated in 5 folds, digits",
        "flat_digits", "pipelines", 100, (1.5, 1.2), 1.0, folds=5, remark=SCIKIT_LEARN,
    ),
)  # fmt: skip


def smaller(workload: Workload, share: float) -> Workload:
    """The same with that share of its trials; under Hyperband, of its epochs."""
    if workload.hyperband:
        return replace(workload, epochs=max(3, round(share * workload.epochs)))
    return replace(workload, trials=max(2, round(share * workload.trials)))


def configurations(workload: Workload) -> list[dict[str, Any]]:
    """What all programs train: the defaults, then values drawn at random, always the same ones.
    None under Hyperband, where each program chooses for itself."""
    if workload.hyperband:
        return []
    import keras_tuner as kt

    names: dict[str, Any] = {}
    exec((BUILDERS / f"{workload.builder}.py").read_text(), names)  # noqa: S102  our own
    asked = kt.HyperParameters()
    names["build_model"](asked)
    found = [_active(asked.space, {one.name: one.default for one in asked.space})]
    for number in range(1, workload.trials):
        drawn = {
            one.name: one.random_sample(1000 * number + i) for i, one in enumerate(asked.space)
        }
        found.append(_active(asked.space, drawn))
    return found


def _active(space: list[Any], values: dict[str, Any]) -> dict[str, Any]:
    return {
        one.name: values[one.name]
        for one in space
        if all(condition.is_active(values) for condition in one.conditions)
    }
