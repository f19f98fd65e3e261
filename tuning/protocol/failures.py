"""Why work failed: a code, whose fault it is and the next step, all texts in one place."""

from dataclasses import dataclass, field
from enum import StrEnum


class Fault(StrEnum):
    """Whose fault a failure is, as people read it on the page."""

    CODE = "template code"
    SCRIPT = "the script"
    FILE = "the file"
    DATA = "the dataset"
    VALUES = "hyperparameter values"
    ROWS = "the model or the rows"
    LIMITS = "the time limits"
    NETWORK = "the network"
    MACHINE = "the machine, not your code"
    TUNEROOM = "Tuneroom, not your file"


class WorkKind(StrEnum):
    """What failed: a trial or a retraining, the validation of a template, the reading of a file,
    the prediction of rows."""

    TRAINING = "training"
    VALIDATION = "validation"
    READING = "reading"
    PREDICTION = "prediction"


class FailureCode(StrEnum):
    CODE_ERROR = "code_error"
    UNUSABLE_TEMPLATE = "unusable_template"
    NO_MODEL = "no_model"
    CANNOT_SAVE = "cannot_save"
    NAN_SCORE = "nan_score"
    NO_SCORE = "no_score"
    OUT_OF_MEMORY = "out_of_memory"
    TOO_MANY_PROCESSES = "too_many_processes"
    TOO_MUCH_DISK = "too_much_disk"
    KILLED = "killed"
    RUNNER_KILLED = "runner_killed"
    TIME_LIMIT = "time_limit"
    STALL_LIMIT = "stall_limit"
    NO_NETWORK = "no_network"
    BAD_EVENT = "bad_event"
    WORKER_LOST = "worker_lost"
    STORAGE = "storage"
    SCRIPT_ERROR = "script_error"
    SCRIPT_LOST = "script_lost"
    MISSING_FILE = "missing_file"
    BAD_DATA = "bad_data"
    BAD_MODEL_FILE = "bad_model_file"

    @property
    def caption(self) -> str:
        return _TEXTS[self].caption

    @property
    def comes_again(self) -> bool:
        """Whether the same work with the same template would fail in the same way."""
        return self in _COMES_AGAIN

    @property
    def fault(self) -> Fault:
        return self.fault_of(WorkKind.TRAINING)

    @property
    def advice(self) -> str:
        """The next step for a trial; it counts on nothing that a page may not show."""
        return self.advice_for(WorkKind.TRAINING)

    def fault_of(self, kind: WorkKind) -> Fault:
        return _TEXTS[self].faults.get(kind, _TEXTS[self].fault)

    def advice_for(self, kind: WorkKind, *, traceback: bool = False, log: bool = False) -> str:
        """The next step. `traceback`, `log`: whether people see them below."""
        text = _TEXTS[self]
        parts = [text.others.get(kind, text.advice)]
        if self == FailureCode.CODE_ERROR and traceback:
            parts.append("The traceback below ends with the error and the line.")
        elif self == FailureCode.KILLED and log:
            parts.append("The end of the log below may say why.")
        return " ".join(parts)


@dataclass(frozen=True)
class Failure:
    """One failure. `message` is a sentence for people; `traceback` may be empty."""

    code: FailureCode
    message: str
    traceback: str = ""


_COMES_AGAIN = frozenset({
    FailureCode.CODE_ERROR, FailureCode.UNUSABLE_TEMPLATE, FailureCode.NO_MODEL,
    FailureCode.CANNOT_SAVE,
})  # fmt: skip

# A failure of these kinds says nothing about the trial itself, so the trial runs again.
INFRASTRUCTURE = frozenset({
    FailureCode.WORKER_LOST, FailureCode.SCRIPT_LOST, FailureCode.RUNNER_KILLED,
    FailureCode.STORAGE,
})  # fmt: skip


@dataclass(frozen=True)
class _Text:
    """`advice` is for trainings, `others` for other kinds of work, where that does not hold."""

    caption: str
    fault: Fault
    advice: str
    others: dict[WorkKind, str] = field(default_factory=dict)
    faults: dict[WorkKind, Fault] = field(default_factory=dict)


_VALIDATION, _READING = WorkKind.VALIDATION, WorkKind.READING
_PREDICTION = WorkKind.PREDICTION
_OURS = {_READING: Fault.TUNEROOM}
_ROWS = {_PREDICTION: Fault.ROWS}
_FILE = {_READING: Fault.FILE, **_ROWS}
_SMALLER_FILE = "Use a smaller file"
_FEWER_ROWS = "Predict fewer rows at once"
_RETRAIN = "Retrain the trial to get a new file."

_TEXTS: dict[FailureCode, _Text] = {
    FailureCode.CODE_ERROR: _Text(
        "The template raised an error",
        Fault.CODE,
        "Correct the template and save it as a new version, which a new search uses.",
        {
            _VALIDATION: "Correct the template and save it.",
            _READING: "Report this to your administrator.",
            _PREDICTION: "Check the values. If they are right, download the model and run "
            "predict.py to look into it.",
        },
        {**_OURS, **_ROWS},
    ),
    FailureCode.UNUSABLE_TEMPLATE: _Text(
        "The template cannot be used as it is",
        Fault.CODE,
        "Change this in the template and save it as a new version, which a new search uses.",
        {_VALIDATION: "Change this in the template and save it.", _PREDICTION: _RETRAIN},
    ),
    FailureCode.NO_MODEL: _Text(
        "The template built no model",
        Fault.CODE,
        "Return a model for all hyperparameter values and save a new version for a new search.",
        {
            _VALIDATION: "Return the model from the builder. If another function builds it, name "
            "that function build_model.",
            _PREDICTION: _RETRAIN,
        },
    ),
    FailureCode.CANNOT_SAVE: _Text(
        "The model cannot be saved",
        Fault.CODE,
        "Change this in the template and save it as a new version, which a new search uses: this "
        "search keeps its version.",
        {_VALIDATION: "Change this in the template and save it.", _PREDICTION: _RETRAIN},
    ),
    FailureCode.NAN_SCORE: _Text(
        "The objective became NaN",
        Fault.VALUES,
        "Training diverged (a smaller learning rate often helps), or the score is undefined for "
        "these values.",
        {
            _VALIDATION: "Use defaults that train, such as a smaller learning rate.",
            _PREDICTION: _RETRAIN,
        },
    ),
    FailureCode.NO_SCORE: _Text(
        "The objective was never reported",
        Fault.CODE,
        "Start a new search with an objective that the template reports.",
        {
            _VALIDATION: "Report the objective as a metric in the template.",
            _PREDICTION: _RETRAIN,
        },
    ),
    FailureCode.OUT_OF_MEMORY: _Text(
        "Out of memory",
        Fault.VALUES,
        "Use a smaller model or batch size, or fewer slots on this worker.",
        {
            _VALIDATION: "Make the model of the default values smaller.",
            _READING: f"{_SMALLER_FILE}, or ask your administrator to raise RUNNER_MEMORY_MB.",
            _PREDICTION: f"{_FEWER_ROWS}, or ask your administrator to raise RUNNER_MEMORY_MB.",
        },
        {_VALIDATION: Fault.CODE, **_FILE},
    ),
    FailureCode.TOO_MANY_PROCESSES: _Text(
        "Too many processes",
        Fault.CODE,
        "Start fewer processes and threads, or ask your administrator to raise RUNNER_PROCESSES.",
        dict.fromkeys((_READING, _PREDICTION), "Ask your administrator to raise RUNNER_PROCESSES."),
        dict.fromkeys((_READING, _PREDICTION), Fault.MACHINE),
    ),
    FailureCode.TOO_MUCH_DISK: _Text(
        "Too much disk space",
        Fault.CODE,
        "Write fewer or smaller files, or ask your administrator to raise RUNNER_DISK_MB.",
        {
            _READING: f"{_SMALLER_FILE}, or ask your administrator to raise RUNNER_DISK_MB.",
            _PREDICTION: f"{_FEWER_ROWS}, or ask your administrator to raise RUNNER_DISK_MB.",
        },
        _FILE,
    ),
    FailureCode.KILLED: _Text(
        "The process died",
        Fault.CODE,
        "Start it again. If it dies again, look for native code in the template that crashes.",
        {
            _VALIDATION: "Validate it again. If the process dies again, look for native code in "
            "the template that crashes.",
            _READING: "Try again. If the process dies again, the file may be damaged.",
            _PREDICTION: "Try again. If the process dies again, the model may be too large.",
        },
        _FILE,
    ),
    FailureCode.RUNNER_KILLED: _Text(
        "The process was killed",
        Fault.MACHINE,
        "Find out what ends processes on the worker's machine, then start it again.",
    ),
    FailureCode.TIME_LIMIT: _Text(
        "The time limit was exceeded",
        Fault.LIMITS,
        "Start a new search with a longer time limit, fewer epochs or smaller models.",
        {
            _VALIDATION: "Make building and training the default model faster.",
            _READING: f"{_SMALLER_FILE}, or try again when the worker has less to do.",
            _PREDICTION: f"{_FEWER_ROWS}, or try again when the worker has less to do.",
        },
    ),
    FailureCode.STALL_LIMIT: _Text(
        "No progress was reported",
        Fault.LIMITS,
        "If one epoch takes that long, start a new search with a longer stall limit.",
        {
            _VALIDATION: "Make building and training the default model faster.",
            _READING: f"{_SMALLER_FILE}, or try again when the worker has less to do.",
            _PREDICTION: f"{_FEWER_ROWS}, or try again when the worker has less to do.",
        },
    ),
    FailureCode.NO_NETWORK: _Text(
        "A download failed",
        Fault.NETWORK,
        "Connect the worker to the internet, or choose a dataset or values that need no download.",
    ),
    FailureCode.BAD_EVENT: _Text(
        "Protocol error",
        Fault.CODE,
        "The template must not write to Tuneroom's event channel.",
        dict.fromkeys((_READING, _PREDICTION), "Report this to your administrator."),
        {**_OURS, **_ROWS},
    ),
    FailureCode.WORKER_LOST: _Text(
        "The worker stopped responding",
        Fault.MACHINE,
        "Check the workers page, then start it again.",
    ),
    FailureCode.STORAGE: _Text(
        "The storage could not be used",
        Fault.MACHINE,
        "Ask your administrator to check the disk (see the workers page), then start it again.",
    ),
    FailureCode.SCRIPT_ERROR: _Text(
        "The script reported a failure",
        Fault.SCRIPT,
        "Fix the script and run it again.",
    ),
    FailureCode.SCRIPT_LOST: _Text(
        "The script stopped responding",
        Fault.SCRIPT,
        "Check the machine that ran it and its network, then run the script again.",
    ),
    FailureCode.MISSING_FILE: _Text(
        "A required file is missing",
        Fault.MACHINE,
        "Start a new search if files were removed from the data folder.",
        {
            _VALIDATION: "Prepare the dataset, then validate the template again.",
            _READING: "Upload the file again.",
            _PREDICTION: "Try again. If the model's file is missing, retrain the trial.",
        },
    ),
    FailureCode.BAD_DATA: _Text(
        "The data cannot be used",
        Fault.DATA,
        "Choose another dataset, or create a project with another split.",
        {
            _READING: "Correct the file and try again.",
            _PREDICTION: "Correct the rows and try again.",
        },
        _FILE,
    ),
    FailureCode.BAD_MODEL_FILE: _Text(
        "The model file was refused",
        Fault.CODE,
        (
            "Save the whole model as a Keras or skops file, or ask your administrator to raise "
            "MODEL_MAX_MB."
        ),
        {_PREDICTION: _RETRAIN},
    ),
}
