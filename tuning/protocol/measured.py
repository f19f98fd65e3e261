"""What Tuneroom measures of a trial besides the template's metrics: one row each, which forms,
`tune`, the recorder, the runner and pages read.

Each can be an objective or have a constraint. A metric of the template with the same name goes
before: then nothing is measured. All are better when lower. Over several executions or folds each
is a mean, apart from the parameters, which all have in common, and the peak memory.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from .metrics import MIN
from .model_kinds import ModelKind

# Of latencies: the rows of a batch, and how often each is taken.
BATCH_ROWS = 32
WARM_UP, REPEATS = 3, 15

_ALL = frozenset(ModelKind)
_WITH_EPOCHS = frozenset({ModelKind.KERAS, ModelKind.CUSTOM, ModelKind.OPTUNA})
_BY_RUNNER = frozenset({ModelKind.KERAS, ModelKind.SKLEARN})


@dataclass(frozen=True)
class Measured:
    """
    name: what the database, addresses and `tune` call it.
    unit: of its numbers, after a space; empty for a count.
    kinds: the kinds of model of which it is known.
    by_runner: measured in the runner after the training, and only if a search asks for it.
    when_built: known before the training: a trial that violates a constraint is not trained.
    column: where the trial's row has it, apart from `Trial.measures`.
    """

    name: str
    caption: str
    unit: str
    help: str
    kinds: frozenset[ModelKind] = _ALL
    by_runner: bool = False
    when_built: bool = False
    column: str = ""

    @property
    def direction(self) -> str:
        return MIN

    @property
    def known_text(self) -> str:
        if self.when_built:
            return "When the model is built"
        return (
            "After the training, measured by the runner" if self.by_runner else "After the training"
        )

    @property
    def label(self) -> str:
        return f"{self.caption} ({self.unit})" if self.unit else self.caption


_TABLE = (
    Measured(
        "parameters", "Parameters", "", "Number of the model's weights.",
        kinds=_WITH_EPOCHS, when_built=True, column="parameters",
    ),
    Measured(
        "epoch_seconds", "Time per epoch", "s",
        "Median without the first epoch of each execution.",
        kinds=_WITH_EPOCHS,
    ),
    Measured(
        "training_seconds", "Training time", "s", "Of one execution or fold.",
    ),
    Measured(
        "peak_memory", "Peak memory", "bytes", "Peak memory of the trial's processes.",
        column="peak_memory",
    ),
    Measured(
        "model_size", "Model file size", "bytes", "Size of the model file.",
        kinds=_BY_RUNNER, by_runner=True,
    ),
    Measured(
        "latency", "Latency", "ms", f"One prediction: median of {REPEATS}.",
        kinds=_BY_RUNNER, by_runner=True,
    ),
    Measured(
        "batch_latency", "Batch latency", "ms",
        f"Predictions for {BATCH_ROWS} rows at once: median of {REPEATS}.",
        kinds=_BY_RUNNER, by_runner=True,
    ),
)  # fmt: skip

MEASURED: Mapping[str, Measured] = {row.name: row for row in _TABLE}


def offered(kind: ModelKind, metrics: Iterable[str]) -> list[Measured]:
    """Those of models of this kind, whose template reports these metrics."""
    names = set(metrics)
    return [row for row in _TABLE if kind in row.kinds and row.name not in names]


def label_of(name: str) -> str:
    """What pages call a metric or something measured."""
    return MEASURED[name].label if name in MEASURED else name
