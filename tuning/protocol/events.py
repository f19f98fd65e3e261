"""What a runner tells its supervisor: JSON lines on a pipe of their own.

A runner executes code that people upload, so a line is untrusted: it is capped in size and checked
field by field before anything is written to the database.
"""

import json
import math
from dataclasses import MISSING, asdict, dataclass, field, fields, is_dataclass
from typing import Any, get_args, get_origin, get_type_hints

from .constraints import Constraint
from .evaluation import Evaluation, Number
from .model_kinds import ModelKind
from .objectives import Objective
from .predictions import PredictedOutput, Reconstruction
from .script_settings import ScriptSettings

MAX_LINE = 4 * 1024 * 1024
MAX_TEXT = 20_000
# Of a field that is no use if it is cut.
_MAX_TEXTS = {"layers_code": 1024 * 1024, "picture": 1024 * 1024}
MAX_METRICS = 200
MAX_NAME = 200
# The file with the trials of an imported search, and how many it may hold.
IMPORTED = "imported.jsonl"
MAX_IMPORTED = 100_000
MAX_STUDIES = 200
# What a column of the database holds, with room for a sum of two.
_MAX_NUMBERS = {
    **dict.fromkeys(("parameters", "memory", "smallest", "median", "largest"), 2**62),
    "execution": 2**15 - 1,
}
_MAX_NUMBER = 2**30
# A moment in seconds since 1970, or any other number of seconds.
_MAX_SECONDS = 2.0**32
# Pages add numbers up and square them. What is larger is no more a number than infinity is.
LARGEST = 1e100
# Of floats that are no seconds.
_MAX_FLOATS = dict.fromkeys(("scores", "squared", "absolute"), LARGEST)

Metrics = dict[str, float | None]


class BadEvent(ValueError):
    """A line that is not an event."""


@dataclass(frozen=True)
class Ready:
    """The imports are done; an order may follow."""


@dataclass(frozen=True)
class NextTrial:
    """The runner is free for a trial of its search. `independent`: each execution of a trial can be
    ordered by itself, of another runner as well."""

    independent: bool = False


@dataclass(frozen=True)
class OfTrial:
    """An event of a trial. `trial` is the token of its order, which tells it from what earlier
    trials left running in the same process; empty before the first order, and of other work."""

    trial: str = field(default="", kw_only=True)


@dataclass(frozen=True)
class MeanReconstruction:
    """Of a search over autoencoders, before its first trial: the errors on the validation rows, as
    models see them, of a model that answers every row with the mean of the training rows."""

    squared: float
    absolute: float


@dataclass(frozen=True)
class Built(OfTrial):
    """A model was built for an execution. `parameters` counts its weights."""

    parameters: int
    summary: str = ""


@dataclass(frozen=True)
class EpochEnd(OfTrial):
    """One epoch of one execution ended. Both count from 1 and 0: epoch 1 is the first one of a
    model's life (a Hyperband child goes on where its parent ended), execution 0 the first."""

    execution: int
    epoch: int
    seconds: float
    metrics: Metrics


@dataclass(frozen=True)
class CheckpointSaved(OfTrial):
    """A checkpoint of the state after this epoch lies in the runner's folder."""

    epoch: int


@dataclass(frozen=True)
class Resumed(OfTrial):
    """The trial goes on from the checkpoint after this epoch."""

    epoch: int


@dataclass(frozen=True)
class TrialEnd(OfTrial):
    """A trial ended well. `metrics` are KerasTuner's: the best epoch's, averaged over executions;
    `best_step` counts from 0 at the trial's first own epoch. `scores`: the objective of each
    execution; empty where it follows from the epochs."""

    metrics: Metrics
    best_step: int
    scores: list[float] = field(default_factory=list)


@dataclass(frozen=True)
class TrialPruned(OfTrial):
    """A trial ended early, as a verdict said."""


@dataclass(frozen=True)
class TrialRefused(OfTrial):
    """The model that was built has more or fewer parameters than its order allows. It was not
    trained."""


@dataclass(frozen=True)
class Asked(OfTrial):
    """An Optuna script asks for the value of a hyperparameter, which a SuggestedOrder answers.
    `distribution` is Optuna's own JSON of it; choices that are no scalars are texts."""

    name: str
    distribution: dict[str, Any]


@dataclass(frozen=True)
class ModelMeasured(OfTrial):
    """What the search's order asks to measure of the model of an execution (or fold)."""

    measures: Metrics


@dataclass(frozen=True)
class Failed(OfTrial):
    """The work ended badly; `code` is a FailureCode."""

    code: str
    message: str
    traceback: str = ""


@dataclass(frozen=True)
class Samples:
    """Models of random values that were built without training: `tried` of `wanted`, as many as
    there was time for. The sizes count the weights of those that could be built."""

    wanted: int = 0
    tried: int = 0
    failed: int = 0
    smallest: int = 0
    median: int = 0
    largest: int = 0
    first_failure: str = ""


@dataclass(frozen=True)
class Inspected:
    """A template's search space (KerasTuner's own config), the metrics that it reports, its size.
    `note`: sentences about how the code was read; `kind`: a ModelKind; `objective`, one of the
    metrics, and `direction` ("min" or "max"): what the code's own search compares by, if it says;
    `directions`: those of the metrics whose class is known; `script`: what else a script gives to
    its tuner and its search."""

    space: dict[str, Any]
    metrics: list[str]
    parameters: int
    summary: str
    samples: Samples = field(default_factory=Samples)
    note: str = ""
    kind: str = ModelKind.KERAS
    objective: str = ""
    direction: str = ""
    directions: dict[str, str] = field(default_factory=dict)
    script: ScriptSettings = field(default_factory=ScriptSettings)


@dataclass(frozen=True)
class ModelTried:
    """A sampled model of a dry run. `memory`: bytes of its weights and optimizer; `seconds`: of an
    epoch, or of the fit of a fold; `setup`: what it takes once, such as building. `failure`: why it
    could not be built or fitted; then nothing else is known."""

    parameters: int = 0
    memory: int = 0
    seconds: float = 0.0
    setup: float = 0.0
    failure: str = ""


@dataclass(frozen=True)
class DryRunEnd:
    """All models of a dry run were tried, or there was no more time. `rows`: how many rows a fit
    had, if these were not all."""

    rows: int = 0


@dataclass(frozen=True)
class FoundColumn:
    """A column of an uploaded table. `type` is the detected ColumnType, `reason` why it is left
    out. `missing` counts its gaps, `different` its values, up to one more than a category may
    have; a few are `examples`. `reading`: how a number is read that is not written plainly;
    `open`: both decimal signs would do, with different values."""

    name: str
    type: str
    missing: int
    different: int
    examples: list[str]
    reason: str = ""
    reading: str = ""
    open: bool = False


@dataclass(frozen=True)
class SchemaDetected:
    """What an uploaded table holds, before anybody said what is to be predicted: `target` and
    `task` are proposals, and `target_reason` is the sentence that says why it is this column.
    `encoding`, `delimiter` and `decimal` are empty for a Parquet file. `markers` are
    the texts that were read as missing values, `sheets` those of a spreadsheet, `members` the
    tables of a zip; `header`, `sheet`, `member` and `file_names` are as in an Upload. `folders`:
    of a zip of images, whether folders may be their classes as well. `pixels`: the proposed shape
    of images that columns may be, `pixel_columns` which ones in words, `pixels_clear`: their names
    leave no doubt."""

    rows: int
    columns: list[FoundColumn]
    target: str
    task: str
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    target_reason: str = ""
    markers: list[str] = field(default_factory=list)
    header: str = ""
    sheet: str = ""
    member: str = ""
    file_names: str = ""
    folders: bool = False
    pixels: str = ""
    pixel_columns: str = ""
    pixels_clear: bool = False
    sheets: list[str] = field(default_factory=list)
    members: list[str] = field(default_factory=list)
    # Of the labels in one column, if the target has any.
    separator: str = ""


@dataclass(frozen=True)
class FoundArray:
    """An array of an uploaded .npz file. `problem`: why it cannot be used; else empty."""

    name: str
    shape: list[int]
    dtype: str
    problem: str = ""


@dataclass(frozen=True)
class FoundArrays:
    """What an uploaded .npz file holds. `roles` are the proposed names by ARRAY_ROLES; `clear`:
    they leave no doubt, so that nobody is asked."""

    arrays: list[FoundArray]
    roles: dict[str, Any]
    clear: bool


@dataclass(frozen=True)
class Prepared:
    """A dataset lies in the working folder's `prepared` folder."""

    profile: dict[str, Any]


@dataclass(frozen=True)
class Retrained:
    """A retrained model lies in the working folder, under one of its kind's `model_files`.
    `trusted_types`: what a skops file of it holds beyond what skops trusts by itself; `note`:
    sentences about the file; `layers_code`: a module without which Keras cannot load it;
    `evaluation`: what test and validation rows say, with a file of predictions beside the model."""

    metrics: Metrics
    parameters: int
    versions: dict[str, str]
    summary: str = ""
    trusted_types: list[str] = field(default_factory=list)
    note: str = ""
    layers_code: str = ""
    evaluation: Evaluation = field(default_factory=Evaluation)


@dataclass(frozen=True)
class Evaluated:
    """What the test rows say of a saved model, with a file of predictions in the working folder."""

    evaluation: Evaluation


@dataclass(frozen=True)
class Predicted:
    """A saved model predicted `rows` rows; they lie with their predictions in the working folder.
    `notes`: sentences about the rows; `picture`: the first one as the model gets it, a PNG in
    base64; `load`: lines that read the same rows from a table's file as `x`; `reproduced`: the
    first row of an autoencoder's answer; `series`: of several time series, those of the windows
    that outputs have values of."""

    rows: int
    outputs: list[PredictedOutput]
    notes: list[str] = field(default_factory=list)
    picture: str = ""
    load: str = ""
    reproduced: Reconstruction = field(default_factory=Reconstruction)
    series: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class FoundEpoch:
    """One epoch of a trial that was not trained here."""

    execution: int
    epoch: int
    seconds: float
    metrics: Metrics


@dataclass(frozen=True)
class FoundTrial:
    """A trial of an imported search. `name` is what the other program calls it, `status` that of a
    finished trial; times are seconds since 1970, and 0 stands for unknown ones. `lost`: it failed
    because whatever ran it ended; `log`: lines that its page shows."""

    name: str
    status: str
    values: dict[str, Any]
    metrics: Metrics
    best_epoch: int
    epochs: list[FoundEpoch]
    started: float = 0.0
    finished: float = 0.0
    message: str = ""
    lost: bool = False
    log: str = ""


@dataclass(frozen=True)
class FoundStudy:
    """One of several studies in an uploaded file."""

    name: str
    trials: int


@dataclass(frozen=True)
class FoundStudies:
    """An uploaded file holds several studies: a person has to choose. An order names one by its
    place in this list, from 1."""

    studies: list[FoundStudy]


@dataclass(frozen=True)
class Imported:
    """A search was read. Its trials lie in the working folder's IMPORTED file: a line with a
    FoundTrial for each. Without an objective a person has to choose one of the metrics first, or
    only the direction of the `proposed` one, and there is no file. `tuner` is one of ours, or empty
    if nobody knows. `others` are the objectives after the first."""

    origin: str
    name: str
    tuner: str
    objective: str
    direction: str
    metrics: list[str]
    space: dict[str, Any]
    trials: int
    proposed: str = ""
    others: list[Objective] = field(default_factory=list)
    constraints: list[Constraint] = field(default_factory=list)
    description: str = ""


@dataclass(frozen=True)
class DownloadNeeded:
    """The template needs a file of weights that is not there. A FetchedOrder answers."""

    url: str


@dataclass(frozen=True)
class Fetched:
    """A file was downloaded into the working folder."""


@dataclass(frozen=True)
class Progress:
    """Something long is going on: a sentence, and how much of it is done (0 to 1)."""

    text: str
    fraction: float = field(default=0.0)


Event = (
    Ready | NextTrial | Asked | Built | EpochEnd | TrialEnd | TrialPruned | TrialRefused
    | ModelMeasured | Failed | Inspected | SchemaDetected | FoundArrays | Prepared | Retrained
    | Progress | DownloadNeeded | Fetched | Evaluated | Predicted | FoundTrial | FoundStudies
    | Imported | ModelTried | DryRunEnd | CheckpointSaved | Resumed
    | MeanReconstruction
)  # fmt: skip

_KINDS: dict[str, Any] = {
    "ready": Ready,
    "next": NextTrial,
    "asked": Asked,
    "built": Built,
    "epoch": EpochEnd,
    "checkpoint": CheckpointSaved,
    "resumed": Resumed,
    "trial_end": TrialEnd,
    "trial_pruned": TrialPruned,
    "trial_refused": TrialRefused,
    "model_measured": ModelMeasured,
    "mean_reconstruction": MeanReconstruction,
    "failed": Failed,
    "inspected": Inspected,
    "looked": SchemaDetected,
    "found_arrays": FoundArrays,
    "prepared": Prepared,
    "retrained": Retrained,
    "evaluated": Evaluated,
    "predicted": Predicted,
    "progress": Progress,
    "download_needed": DownloadNeeded,
    "fetched": Fetched,
    "found_trial": FoundTrial,
    "found_studies": FoundStudies,
    "model_tried": ModelTried,
    "dry_run_end": DryRunEnd,
    "imported": Imported,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def encode_event(event: Event) -> bytes:
    """One JSON line. NaN and infinity become null: neither PostgreSQL nor browsers read them."""
    document = {"event": _NAMES[type(event)], **asdict(event)}
    return json.dumps(finite(document), allow_nan=False).encode() + b"\n"


def decode_event(line: bytes) -> Event:
    """The event in a line. Raises BadEvent with a sentence that says what is wrong with it."""
    if len(line) > MAX_LINE:
        raise BadEvent(f"an event of {len(line):,} bytes, more than {MAX_LINE:,}")
    try:
        document = _storable(json.loads(line))
    except (ValueError, OverflowError, RecursionError) as error:
        raise BadEvent("a line that is not JSON") from error
    if not isinstance(document, dict):
        raise BadEvent("a line that is not a JSON object")
    kind = _KINDS.get(str(document.pop("event", "")))
    if kind is None:
        raise BadEvent("an unknown event")
    event: Event = _filled(kind, _NAMES[kind], document)
    return event


def _filled(kind: Any, name: str, document: dict[str, Any]) -> Any:
    """The dataclass `kind` with a document's values, every one checked."""
    hints = get_type_hints(kind)
    unknown = document.keys() - hints.keys()
    if unknown:
        raise BadEvent(f"{name} has no field {sorted(unknown)[0][:MAX_NAME]!r}")
    missing = [f.name for f in fields(kind) if f.name not in document and _is_required(f)]
    if missing:
        raise BadEvent(f"{name} lacks {missing[0]!r}")
    return kind(**{key: _checked(key, value, hints[key]) for key, value in document.items()})


def finite(value: Any) -> Any:
    """A JSON value with every NaN and infinity replaced by None."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    return value


def _storable(value: Any) -> Any:
    """The same JSON as a database can hold it. PostgreSQL refuses NUL in text and in JSON, and no
    database takes half of a surrogate pair, which JSON can spell."""
    if isinstance(value, str):
        return value.replace("\x00", "").encode("utf-8", "replace").decode()
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return finite(float(value))
    if isinstance(value, dict):
        return {_storable(key): _storable(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_storable(item) for item in value]
    return finite(value)


def _is_required(spec: Any) -> bool:
    return spec.default is MISSING and spec.default_factory is MISSING


def _checked(name: str, value: Any, hint: Any) -> Any:
    if hint is int:
        most = _MAX_NUMBERS.get(name, _MAX_NUMBER)
        if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= most:
            return value
    elif hint is bool:
        if isinstance(value, bool):
            return value
    elif hint is float:
        if _is_number(value) and abs(value) <= _MAX_FLOATS.get(name, _MAX_SECONDS):
            return float(value)
    elif hint is str:
        if isinstance(value, str) and len(value) <= _MAX_TEXTS.get(name, MAX_LINE):
            return value if name in _MAX_TEXTS else value[-MAX_TEXT:]
    elif hint == Metrics:
        if isinstance(value, dict) and _are_metrics(value):
            return {
                k: None if v is None or abs(v) > LARGEST else float(v) for k, v in value.items()
            }
    elif hint == dict[str, str]:
        if isinstance(value, dict) and _are_short_texts(value):
            return value
    elif hint == list[str]:
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return value
    elif hint == list[int]:
        if isinstance(value, list):
            return [_checked(name, item, int) for item in value]
    elif get_origin(hint) is list and is_dataclass(kind := get_args(hint)[0]):
        if isinstance(value, list) and all(isinstance(item, dict) for item in value):
            return [_filled(kind, name, item) for item in value]
    elif get_origin(hint) is list:
        if isinstance(value, list):
            return [_checked(name, item, get_args(hint)[0]) for item in value]
    elif hint == Number:
        if value is None or _is_number(value):
            return _metric(value)
    elif is_dataclass(hint):
        if isinstance(value, dict):
            return _filled(hint, name, value)
    elif isinstance(value, dict):
        return value
    raise BadEvent(f"the field {name!r} does not hold {hint}")


def _are_metrics(document: dict[str, Any]) -> bool:
    short = len(document) <= MAX_METRICS and all(len(name) <= MAX_NAME for name in document)
    return short and all(value is None or _is_number(value) for value in document.values())


def _are_short_texts(document: dict[str, Any]) -> bool:
    items = [*document, *document.values()]
    return len(document) <= MAX_METRICS and all(
        isinstance(item, str) and len(item) <= MAX_NAME for item in items
    )


def _metric(value: float | None) -> float | None:
    return None if value is None or abs(value) > LARGEST else float(value)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
