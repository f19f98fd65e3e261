"""What the supervisor tells a runner: JSON lines on the runner's standard input."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any

from .model_kinds import ModelKind
from .splitting import SplitBy
from .uploads import Upload

# What a new project proposes, and what inspections use.
TRAIN, VALIDATION, TEST = 0.7, 0.15, 0.15


@dataclass(frozen=True)
class Split:
    """How a dataset is divided. Fractions of all rows that add up to 1; `given`: as the data bring
    it, and the fractions are for parts that they lack. `by`: one of `SplitBy`, which says what the
    values of `column` decide; neither counts where the split is given."""

    train: float
    validation: float
    test: float
    seed: int
    stratified: bool
    given: bool = False
    by: str = SplitBy.RANDOM
    column: str = ""


@dataclass(frozen=True)
class ProjectOrder:
    """The part that all work on a template needs: its code, the prepared data and their split.
    `constants` are arguments of the template's builder that the project cannot know.
    `class_weights`: rows of rare classes count more in training; `weight_column`: of the dataset,
    how much each row does. `task`: what is predicted, if not what the dataset says."""

    code: str
    dataset_folder: str
    split: Split
    constants: dict[str, Any] = field(default_factory=dict)
    class_weights: bool = False
    task: str = ""
    weight_column: str = ""


@dataclass(frozen=True)
class InspectOrder:
    """Read the search space and the metrics of a template, without training it."""

    project: ProjectOrder


@dataclass(frozen=True)
class SearchOrder:
    """Get ready for trials of one search. TrialOrders follow, one for each NextTrial event."""

    project: ProjectOrder
    objective: str
    direction: str
    hyperband: bool
    epochs: int
    executions_per_trial: int
    batch_size: int
    early_stopping_metric: str
    early_stopping_patience: int
    early_stopping_direction: str
    space: dict[str, Any] = field(default_factory=dict)
    kind: str = ModelKind.KERAS
    # A pruned trial leaves the weights of its last epoch, from which it may go on later.
    resumes: bool = False
    # Parts of the training and validation rows, each an execution; 0: no cross-validation.
    folds: int = 0
    # Of estimators alone; empty: their own.
    scoring: str = ""
    # What shuffles the rows before they are divided into folds; None: the split's seed, so that all
    # searches of a project have the same folds.
    fold_seed: int | None = None
    # Names of `measured.py` that the runner measures after each execution or fold.
    measures: list[str] = field(default_factory=list)
    # At least so long between two checkpoints of a trial; 0: after each epoch; None: none.
    checkpoint_seconds: float | None = None


@dataclass(frozen=True)
class TrialOrder:
    """One trial. `values` includes KerasTuner's own `tuner/*` keys; the events of the trial bear
    its `token`. `verdicts_after`: a verdict follows each epoch (or fold) beyond so many, counted
    over all executions, those included that a resumed trial has behind it; None: none ever comes,
    and the trial is trained to its end. `execution`: the one to train, with the seed that it has
    among all; None: all of them. A model with fewer than `min_parameters` or more than
    `max_parameters` is not trained. `number` is the trial's among those of its search.
    `resume_after`: a checkpoint of an earlier attempt after this epoch lies in the runner's folder;
    0: none."""

    trial_id: str
    values: dict[str, Any]
    seed: int
    token: str = ""
    verdicts_after: int | None = None
    execution: int | None = None
    min_parameters: float | None = None
    max_parameters: float | None = None
    number: int = 1
    resume_after: int = 0


@dataclass(frozen=True)
class SuggestedOrder:
    """The answer to Asked: the value of the hyperparameter for the trial with this token, or why
    there is none."""

    token: str
    value: Any
    problem: str = ""


@dataclass(frozen=True)
class VerdictOrder:
    """The answer to an EpochEnd: whether the trial with this token is pruned after `units` epochs
    (or folds) of all its executions, and whether its weights may be needed then."""

    token: str
    units: int
    prune: bool
    keep_weights: bool = False


@dataclass(frozen=True)
class RetrainOrder:
    """Train a fresh model on train + validation rows, evaluate it on the test rows, save it."""

    project: ProjectOrder
    values: dict[str, Any]
    space: dict[str, Any]
    epochs: int
    batch_size: int
    seed: int
    kind: str = ModelKind.KERAS
    scoring: str = ""
    # The search's, for code of a template that chooses by it.
    objective: str = ""
    direction: str = ""


@dataclass(frozen=True)
class EvaluateOrder:
    """Evaluate a saved model, whose file lies in the working folder as `model`, on the test rows.
    `metrics`: what its retraining measured on them."""

    project: ProjectOrder
    model: str
    kind: str
    batch_size: int
    metrics: dict[str, float | None]
    trusted_types: list[str] = field(default_factory=list)
    layers_code: str = ""


@dataclass(frozen=True)
class PredictOrder:
    """Predict rows with a saved model whose file lies in the working folder as `model`. `rows`: a
    value for each column, None where it is missing; or they lie in the folder as `file`, which its
    owner calls `name`. `about`: what the dataset's profile says of inputs and targets. Further
    orders about the same model may follow."""

    model: str
    source: str
    about: dict[str, Any]
    rows: list[dict[str, Any]] = field(default_factory=list)
    file: str = ""
    name: str = ""
    trusted_types: list[str] = field(default_factory=list)
    layers_code: str = ""
    most_bytes: int = 0


@dataclass(frozen=True)
class PrepareOrder:
    """Write a dataset as arrays and a profile into the working folder: a built-in one by its key,
    or one that was uploaded, whose file lies in that folder."""

    key: str
    upload: Upload | None = None


@dataclass(frozen=True)
class ImportOrder:
    """Read a search of another program from a file that lies in the working folder. `name` is
    the one that its owner knows, `most_bytes` what its contents may take up; `objective` and
    `direction` are empty unless a person chose them. Of a file with several studies, `study` is the
    place of the chosen one, from 1. `value_name` names the value of an Optuna study that has no
    name for it."""

    file: str
    name: str
    most_bytes: int
    objective: str = ""
    direction: str = ""
    study: int = 0
    value_name: str = ""


@dataclass(frozen=True)
class DryRunOrder:
    """Build `models` models of random values of the space, and time a step of each. `folds`: of a
    cross-validation; 0: there is none."""

    project: ProjectOrder
    space: dict[str, Any]
    kind: str
    batch_size: int
    folds: int
    models: int


@dataclass(frozen=True)
class FetchOrder:
    """Download a file into the working folder."""

    url: str


@dataclass(frozen=True)
class FetchedOrder:
    """The answer to DownloadNeeded: the file lies among the downloads, or there is a problem."""

    problem: str = ""


@dataclass(frozen=True)
class EndOrder:
    """No more trials: end the process."""


Order = (
    InspectOrder | SearchOrder | TrialOrder | SuggestedOrder | VerdictOrder | RetrainOrder
    | EvaluateOrder | PredictOrder | PrepareOrder | ImportOrder | FetchOrder | FetchedOrder
    | EndOrder | DryRunOrder
)  # fmt: skip

_KINDS: dict[str, Any] = {
    "inspect": InspectOrder,
    "search": SearchOrder,
    "trial": TrialOrder,
    "suggested": SuggestedOrder,
    "verdict": VerdictOrder,
    "retrain": RetrainOrder,
    "evaluate": EvaluateOrder,
    "predict": PredictOrder,
    "prepare": PrepareOrder,
    "import": ImportOrder,
    "dry_run": DryRunOrder,
    "fetch": FetchOrder,
    "fetched": FetchedOrder,
    "end": EndOrder,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encode_order(order: Order) -> bytes:
    """One JSON line."""
    document = {"order": _NAMES[type(order)], **asdict(order)}
    return json.dumps(document, allow_nan=False).encode() + b"\n"


def decode_order(line: bytes) -> Order:
    """The order in a line that `encode_order` wrote. Raises ValueError for anything else."""
    document = json.loads(line)
    kind = _KINDS.get(document.pop("order", ""))
    if kind is None:
        raise ValueError("not an order")
    if "project" in document:
        project = document["project"]
        document["project"] = ProjectOrder(**{**project, "split": Split(**project["split"])})
    if document.get("upload"):
        document["upload"] = Upload(**document["upload"])
    order: Order = kind(**document)
    return order
