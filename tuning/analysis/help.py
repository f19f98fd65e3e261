"""What the help pages say of operators, plots and statuses. It is made from the tables that the
site works by, so that nothing is forgotten and no example is wrong."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlencode

from tuning.analysis.plots import PLOTS
from tuning.analysis.pruning import SETTINGS, Setting
from tuning.analysis.trials.columns import HYPERPARAMETERS, METRICS, NOTES, TRIAL, Column
from tuning.analysis.trials.operators import OPERATORS, Operator
from tuning.figures import in_words
from tuning.protocol.failures import FailureCode
from tuning.protocol.statuses import SearchStatus, Status
from tuning.strategies.pruners import PRUNERS

# A column of each sort, with what people call the sort.
SAMPLES = {
    column.key: (words, column)
    for words, column in (
        (
            "numeric hyperparameters",
            Column("hp:learning_rate", "learning_rate", HYPERPARAMETERS, log=True),
        ),
        ("other hyperparameters", Column("hp:optimizer", "optimizer", HYPERPARAMETERS, "text")),
        ("scores and metrics", Column("metric:val_loss", "val_loss", METRICS, better="min")),
        ("duration, parameters and memory", Column("seconds", "Duration", TRIAL, better="min")),
        ("trial number, epochs and comments", Column("epochs", "Epochs", TRIAL)),
        ("worker and failure", Column("worker", "Worker", TRIAL, "text")),
        ("status", Column("status", "Status", TRIAL, "status")),
        ("tags", Column("tags", "Tags", NOTES, "tags")),
        ("stars", Column("stars", "Stars", NOTES, "stars")),
    )
}

# Sorts that people think of as one.
GROUPS = (
    ("numbers", {"hp:learning_rate", "metric:val_loss", "seconds", "epochs"}),
    ("texts", {"hp:optimizer", "worker"}),
    ("hyperparameters", {"hp:learning_rate", "hp:optimizer"}),
)

# For each operator: a column and what is asked of it.
EXAMPLES: dict[str, tuple[str, tuple[str, ...]]] = {
    "between": ("hp:learning_rate", ("0.0001,0.01",)),
    "lt": ("metric:val_loss", ("0.3",)),
    "lte": ("epochs", ("5",)),
    "gt": ("hp:learning_rate", ("0.001",)),
    "gte": ("seconds", ("60",)),
    "in": ("hp:optimizer", ("adam", "sgd")),
    "not": ("hp:optimizer", ("rmsprop",)),
    "matches": ("worker", ("gpu-[12]",)),
    "active": ("hp:learning_rate", ("no",)),
    "is": ("status", ("completed", "failed")),
    "any": ("tags", ("final",)),
    "by": ("stars", ("me",)),
    "top": ("metric:val_loss", ("10%",)),
}

# What the API answers where something is refused.
API_STATUSES = (
    (401, "No valid access token: unknown, expired or revoked."),
    (403, "The token can only read, or your role in the team is not enough."),
    (404, "Not found, or not visible to you."),
    (409, "The state of the object does not allow this."),
    (422, "Invalid fields or parameters."),
    (429, "Too many requests. Retry-After is the time to wait, in seconds."),
)

SEARCH_MEANINGS = {
    SearchStatus.RUNNING: "Trials are running or waiting for a free slot.",
    SearchStatus.PAUSED: "Paused by a team member. Running trials finish; no new trial starts.",
    SearchStatus.COMPLETED: "All trials ended, or the search reached a limit. You can extend it.",
    SearchStatus.STOPPED: "Stopped by a team member with its running trials. You can extend it.",
    SearchStatus.FAILED: "Too many consecutive failures, or a failed strategy. You can extend it.",
}
TRIAL_MEANINGS = {
    Status.QUEUED: "Waiting for a worker, possibly for another attempt.",
    Status.RUNNING: "Training on a worker.",
    Status.COMPLETED: "Training finished. The trial has a score.",
    Status.PRUNED: "Ended early because other trials were better. The trial has no score.",
    Status.INFEASIBLE: "Violates a constraint. The trial has no score and is never the best.",
    Status.FAILED: "The trial has no score. Its page shows the cause and the next step.",
    Status.STOPPED: "Ended because its search was stopped.",
}


@dataclass(frozen=True)
class PlotHelp:
    name: str
    title: str

    @property
    def template(self) -> str:
        return f"help/plots/{self.name}.html"


@dataclass(frozen=True)
class OperatorHelp:
    """`address` is an example, and `sentence` what the table makes of it."""

    name: str
    text: str
    fits: str
    address: str
    sentence: str


def operators() -> Iterator[OperatorHelp]:
    for name, operator in OPERATORS.items():
        key, arguments = EXAMPLES[name]
        column = SAMPLES[key][1]
        yield OperatorHelp(
            name=name,
            text=operator.help,
            fits=_fits(operator),
            address=urlencode([(f"{key}__{name}", value) for value in arguments], safe=":,[]"),
            sentence=operator.sentence(column, operator.read(column, arguments)),
        )


def _fits(operator: Operator) -> str:
    left = [key for key, (_, sample) in SAMPLES.items() if operator.fits(sample)]
    words = []
    for name, group in GROUPS:
        if group <= set(left):
            words.append(name)
            left = [key for key in left if key not in group]
    return in_words(words + [SAMPLES[key][0] for key in left])


def plots() -> list[PlotHelp]:
    """Each has a text of its own in templates/help/plots."""
    return [PlotHelp(plot.name, plot.caption) for plot in PLOTS.values()]


def search_statuses() -> list[tuple[SearchStatus, str]]:
    return [(status, SEARCH_MEANINGS[status]) for status in SearchStatus]


def trial_statuses() -> list[tuple[Status, str]]:
    return [(status, TRIAL_MEANINGS[status]) for status in Status]


def pruning_settings() -> list[tuple[Setting, str]]:
    """Each with the captions of the pruners that read it."""
    rows = list(PRUNERS.values())
    return [
        (setting, in_words([each.caption for each in rows if setting.name in each.settings]))
        for setting in SETTINGS
    ]


def failures() -> list[FailureCode]:
    return list(FailureCode)
