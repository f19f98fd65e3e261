"""How good a retrained model is on the test rows, as a runner reports it and the site draws it.

Numbers are computed on all test rows; only the points of curves are thinned. A number that cannot
be had (a class without a test row has no recall) is None.
"""

from dataclasses import dataclass, field

# Beside the model: float64 with a line for each test row and the columns below. Each further target
# or label has the last three again.
PREDICTIONS = "predictions.npy"
COLUMNS = ROW, ACTUAL, PREDICTED, CONFIDENCE = range(4)
OF_A_TARGET = len(COLUMNS) - 1
# Of a reconstruction: rows with the largest errors, and with the smallest, whose reproductions are
# in the report; columns of a table that are in them.
EXAMPLES, MAX_EXAMPLE_COLUMNS = 24, 40
# Why a model is not evaluated whose inputs only the template's code can make.
CHANGES_ROWS = (
    "The template changes its rows before the fit, so predictions on the test rows as they are "
    "would say nothing about the model."
)
# Of a curve.
MAX_POINTS = 200
# Classes of a confusion matrix. More become those that are confused most, and all others in one.
MAX_CONFUSED = 25
# Share of the bootstrap's resamples that lie inside an interval.
LEVEL = 0.95
# Rows that are alike because they follow each other are drawn in blocks. Fewer blocks say nothing.
MIN_BLOCKS = 5

# At which a label is taken to be there.
THRESHOLD = 0.5

Number = float | None


@dataclass(frozen=True)
class Score:
    """`low` and `high` are the ends of the interval; None where there is none."""

    name: str
    value: Number
    low: Number = None
    high: Number = None


@dataclass(frozen=True)
class ClassReport:
    """A class, or a label of several that a row may have. `support` and `predicted` count the test
    rows that are, and that are taken as, this class."""

    name: str
    support: int
    predicted: int
    precision: Number
    recall: Number
    f1: Number
    roc_auc: Number = None
    average_precision: Number = None


@dataclass(frozen=True)
class Confusion:
    """`counts[i][j]`: rows of class `classes[i]` that are taken as `classes[j]`. `has_others`: a
    last row and column stand for all classes that are not among `classes`."""

    classes: list[int]
    counts: list[list[int]]
    has_others: bool = False


@dataclass(frozen=True)
class Curve:
    """One class against all others. `kind`: "roc" or "precision_recall"."""

    kind: str
    of_class: int
    area: Number
    x: list[float]
    y: list[float]


@dataclass(frozen=True)
class Calibration:
    """For each bin of probabilities with rows: their mean, the share that came true, the rows. Of
    two classes the probability of the second one, else that of the predicted class."""

    predicted: list[float]
    observed: list[float]
    rows: list[int]


@dataclass(frozen=True)
class ErrorBin:
    """The errors of the rows whose actual values lie between two quantiles."""

    low: float | None
    high: float | None
    rows: int
    mean_absolute_error: Number
    mean_error: Number


@dataclass(frozen=True)
class ErrorQuantile:
    """The absolute error that a share of the rows does not exceed."""

    share: float
    error: Number


@dataclass(frozen=True)
class ColumnError:
    """Of a reconstruction: the mean squared error of a column, and that of its mean."""

    name: str
    error: Number
    baseline: Number


@dataclass(frozen=True)
class Reproduced:
    """A row of the dataset as an autoencoder reproduces it: `cells` of a table's first columns, or
    a PNG in base64."""

    row: int
    cells: list[str] = field(default_factory=list)
    picture: str = ""


@dataclass(frozen=True)
class OutputReport:
    """One target, all labels, or a reconstruction. `probabilities`: whether the confidence of a row
    is one, and not a score."""

    name: str
    task: str
    scores: list[Score]
    probabilities: bool = False
    classes: list[ClassReport] = field(default_factory=list)
    confusion: Confusion = field(default_factory=lambda: Confusion([], []))
    curves: list[Curve] = field(default_factory=list)
    calibration: Calibration = field(default_factory=lambda: Calibration([], [], []))
    error_bins: list[ErrorBin] = field(default_factory=list)
    error_quantiles: list[ErrorQuantile] = field(default_factory=list)
    columns: list[ColumnError] = field(default_factory=list)
    examples: list[Reproduced] = field(default_factory=list)


@dataclass(frozen=True)
class Importance:
    """How much worse `score` becomes if a column is shuffled: mean and standard deviation."""

    column: str
    mean: Number
    deviation: Number


@dataclass(frozen=True)
class Importances:
    """On `rows` validation rows, each column shuffled `repeats` times. `problem`: why there are
    none."""

    score: str = ""
    rows: int = 0
    repeats: int = 0
    columns: list[Importance] = field(default_factory=list)
    problem: str = ""


@dataclass(frozen=True)
class Evaluation:
    """`measured` are the retraining's own metrics with their intervals, where those are known.
    `outputs`: one of classes or of labels, one for each number that is predicted; `overall`: scores
    of several numbers together. `problem`: why nothing was evaluated."""

    rows: int = 0
    problem: str = ""
    notes: list[str] = field(default_factory=list)
    measured: list[Score] = field(default_factory=list)
    outputs: list[OutputReport] = field(default_factory=list)
    overall: list[Score] = field(default_factory=list)
    importances: Importances = field(default_factory=Importances)
