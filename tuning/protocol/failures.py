"""Why work failed: a code, whose fault it is and one sentence of advice, all texts in one place."""

from dataclasses import dataclass
from enum import StrEnum


class Fault(StrEnum):
    """Whose fault a failure is, as people read it on the page."""

    CODE = "the model template"
    DATA = "the uploaded file"
    VALUES = "these hyperparameter values"
    LIMITS = "the limits of this search"
    NETWORK = "the network"
    MACHINE = "the machine, not your code"


class FailureCode(StrEnum):
    CODE_ERROR = "code_error"
    NAN_SCORE = "nan_score"
    NO_SCORE = "no_score"
    OUT_OF_MEMORY = "out_of_memory"
    TOO_MANY_PROCESSES = "too_many_processes"
    TOO_MUCH_DISK = "too_much_disk"
    KILLED = "killed"
    TIME_LIMIT = "time_limit"
    STALL_LIMIT = "stall_limit"
    NO_NETWORK = "no_network"
    BAD_EVENT = "bad_event"
    WORKER_LOST = "worker_lost"
    MISSING_FILE = "missing_file"
    BAD_DATA = "bad_data"
    BAD_MODEL_FILE = "bad_model_file"

    @property
    def caption(self) -> str:
        return _TEXTS[self][0]

    @property
    def fault(self) -> Fault:
        return _TEXTS[self][1]

    @property
    def advice(self) -> str:
        return _TEXTS[self][2]


@dataclass(frozen=True)
class Failure:
    """One failure. `message` is a sentence for people; `traceback` may be empty."""

    code: FailureCode
    message: str
    traceback: str = ""


# A failure of these kinds says nothing about the trial itself, so the trial runs again.
INFRASTRUCTURE = frozenset({FailureCode.WORKER_LOST})

_TEXTS: dict[FailureCode, tuple[str, Fault, str]] = {
    FailureCode.CODE_ERROR: (
        "The template raised an error",
        Fault.CODE,
        "Read the last line of the traceback; it names the line of the template that failed.",
    ),
    FailureCode.NAN_SCORE: (
        "The objective became NaN",
        Fault.VALUES,
        "Training diverged with these values (a smaller learning rate usually helps), or the score "
        "is not defined for them.",
    ),
    FailureCode.NO_SCORE: (
        "The objective was never reported",
        Fault.CODE,
        "Choose an objective that the template's compiled metrics report.",
    ),
    FailureCode.OUT_OF_MEMORY: (
        "Out of memory",
        Fault.VALUES,
        "Use a smaller model or batch size, or fewer slots on this worker.",
    ),
    FailureCode.TOO_MANY_PROCESSES: (
        "Too many processes",
        Fault.CODE,
        "Start fewer processes and threads at a time; the administrator sets RUNNER_PROCESSES.",
    ),
    FailureCode.TOO_MUCH_DISK: (
        "Too much disk space",
        Fault.CODE,
        "Write fewer or smaller files; the administrator sets RUNNER_DISK_MB.",
    ),
    FailureCode.KILLED: (
        "The training process died",
        Fault.CODE,
        "The process ended without a word; the end of the log may say why.",
    ),
    FailureCode.TIME_LIMIT: (
        "The trial exceeded its time limit",
        Fault.LIMITS,
        "Raise the time limit in the search's settings, or train fewer epochs.",
    ),
    FailureCode.STALL_LIMIT: (
        "The trial made no progress",
        Fault.LIMITS,
        "Nothing was reported for too long; raise the stall limit if one epoch takes that long.",
    ),
    FailureCode.NO_NETWORK: (
        "A download failed",
        Fault.NETWORK,
        "Connect the worker to the internet, or choose something that needs no download.",
    ),
    FailureCode.BAD_EVENT: (
        "The training process broke the protocol",
        Fault.CODE,
        "The template must not write to Tuneroom's own channel.",
    ),
    FailureCode.WORKER_LOST: (
        "The worker was lost",
        Fault.MACHINE,
        "Look at the workers page and at the worker's log.",
    ),
    FailureCode.MISSING_FILE: (
        "A file that this work needs is gone",
        Fault.MACHINE,
        "Check the data folder; start the search again if files were removed by hand.",
    ),
    FailureCode.BAD_DATA: (
        "The file cannot be used as a dataset",
        Fault.DATA,
        "Nothing of it was kept. Mend the file and upload it again.",
    ),
    FailureCode.BAD_MODEL_FILE: (
        "The model file was refused",
        Fault.CODE,
        "Save the whole model as a Keras or skops file; the administrator sets MODEL_MAX_MB.",
    ),
}
