"""The kinds of model that a template's trials train, and their traits: one row each, which
everything else reads.

What the default's builder returns decides (`Inspected.kind`, then `Search.model_kind`): a
network, or an estimator of scikit-learn; or the template has a Tuner class of its own, or is a
script of Optuna's. The work of each kind has a package of its own in the runner, and
`inspection.py` and `work.py` are the two places that choose:

- trial: `networks/`: KerasTuner's `Tuner`; `estimators/`: its `SklearnTuner`, on training +
  validation rows; `custom_tuners/`: the class's `run_trial`; `optuna_scripts/`: the script's
  objective function
- execution, epoch: `networks/`: as they are, or each execution is trained on a fold;
  `estimators/`: a fold is an execution of one epoch;
  `score` is always maximised; `custom_tuners/`: as it reports them
- retraining: `networks/`: `model.keras`; `estimators/`: fitted once, `model.skops`;
  `custom_tuners/`, `optuna_scripts/`: run once more; either file
"""

from dataclasses import dataclass
from enum import StrEnum

NETWORK_FILE = "model.keras"
ESTIMATOR_FILE = "model.skops"


class ModelKind(StrEnum):
    """KERAS: a network that Keras trains. SKLEARN: an estimator of scikit-learn, scored by
    cross-validation. CUSTOM: whatever a Tuner subclass does in its own `run_trial`. OPTUNA:
    whatever the objective function of an Optuna script does."""

    KERAS = "keras"
    SKLEARN = "sklearn"
    CUSTOM = "custom"
    OPTUNA = "optuna"

    @property
    def traits(self) -> "KindTraits":
        return KINDS[self]


@dataclass(frozen=True)
class KindTraits:
    """
    name: what the database calls it.
    unit: what a trial reports one after the other, and shows as its progress.
    has_epochs: trained epoch by epoch, so that there are learning curves, a best epoch, early
        stopping and a number of epochs to retrain for. Without: each fold is an execution of one
        epoch, and retraining fits once.
    has_parameters: the number of its parameters is known once it is built.
    uses_gpu: some of its models train on a GPU.
    part: what `Trial.layers` describes.
    model_files: the names that a retrained model's file may have in the folder of its runner;
        there is one of them.
    max_more_units: how many units more than ten times the ordered ones a runner may report.
    spread_seconds: executions (or folds) that take at least so long are handed to free slots, each
        by itself; None: never. Handing out a fold costs more than the usual one takes.
    defines_by_run: a trial asks for each value while it runs, so that its search space is known
        only in part before, it has no defaults, and its code decides how long it trains.
    not_confirmed: why its trials cannot be confirmed; empty if they can.
    not_asked: why scripts elsewhere cannot train its trials; empty if they can.
    no_dry_run: why single models cannot be built and their steps timed; empty if they can.
    no_folds: why its trials cannot be cross-validated; empty if they can.
    """

    name: ModelKind
    unit: str
    part: str
    has_epochs: bool = True
    has_parameters: bool = True
    uses_gpu: bool = True
    model_files: tuple[str, ...] = (NETWORK_FILE,)
    # A template's own `fit` may train a model in several turns, and report each of their epochs.
    max_more_units: int = 1_000
    spread_seconds: float | None = None
    defines_by_run: bool = False
    not_confirmed: str = ""
    not_asked: str = ""
    no_dry_run: str = ""
    no_folds: str = ""

    @property
    def epochs_given(self) -> bool:
        """Whether a retraining is told for how many epochs, and in batches of which size. Without
        epochs there are none; code that decides itself how long it trains is not told."""
        return self.has_epochs and not self.defines_by_run

    @property
    def units(self) -> str:
        return f"{self.unit}s"


KINDS = {
    traits.name: traits
    for traits in (
        KindTraits(ModelKind.KERAS, "epoch", "layers", spread_seconds=0.0),
        KindTraits(
            ModelKind.SKLEARN, "fold", "estimator", has_epochs=False, has_parameters=False,
            uses_gpu=False, model_files=(ESTIMATOR_FILE,), spread_seconds=1.0,
        ),
        # What a Tuner of a person's own calls an epoch, and how many it has, is its own affair.
        KindTraits(
            ModelKind.CUSTOM, "epoch", "layers", model_files=(NETWORK_FILE, ESTIMATOR_FILE),
            max_more_units=20_000,
            not_confirmed="A custom tuner decides itself how often it trains. Run its search again "
            "instead.",
            not_asked="A custom tuner trains in its own way, which a script does not have.",
            no_dry_run="There is no dry run: a custom tuner builds and trains its models itself.",
            no_folds="A custom tuner decides itself which rows it trains on.",
        ),
        KindTraits(
            ModelKind.OPTUNA, "epoch", "layers", model_files=(NETWORK_FILE, ESTIMATOR_FILE),
            max_more_units=20_000, defines_by_run=True,
            not_confirmed="An Optuna script decides itself how it trains. Run its search again "
            "instead.",
            not_asked="An Optuna script asks for each value while it runs here, so another script "
            "cannot get a configuration.",
            no_dry_run="There is no dry run: an Optuna script builds and trains its models itself.",
            no_folds="An Optuna script decides itself which rows it trains on.",
        ),
    )
}  # fmt: skip
