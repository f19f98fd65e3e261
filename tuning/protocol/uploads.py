"""What people may upload as a dataset. Standard library only."""

from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath

ARRAYS = "arrays"
IMAGES = "images"
TEXT_TABLE = "text table"
PARQUET = "parquet"
SPREADSHEET = "spreadsheet"
JSON_LINES = "json lines"
# A person has to say what is to be predicted from them. A zip may hold them, too, or arrays; only
# the runner looks into it.
TABLES = frozenset({TEXT_TABLE, PARQUET, SPREADSHEET, JSON_LINES})

# Which kind of upload a file is, by the ending of its name.
ENDINGS = {
    ".npz": ARRAYS,
    ".zip": IMAGES,
    ".csv": TEXT_TABLE,
    ".tsv": TEXT_TABLE,
    ".txt": TEXT_TABLE,
    ".data": TEXT_TABLE,
    ".dat": TEXT_TABLE,
    ".parquet": PARQUET,
    ".xlsx": SPREADSHEET,
    ".jsonl": JSON_LINES,
    ".ndjson": JSON_LINES,
}
# What may follow the endings of text.
COMPRESSED = (".gz", ".bz2", ".xz")
# What a browser's file dialog offers: it knows last endings only.
ACCEPTED = (*ENDINGS, *COMPRESSED)

# Colours of the prepared images.
AS_THEY_ARE, GREY, COLOUR = "", "grey", "colour"
SMALLEST_SIDE, LARGEST_SIDE = 8, 512

# What the arrays of an .npz file can be, with labels for people; in pairs, one for each part of the
# data, in the order of splits.PARTS.
ARRAY_ROLES = {
    "x_train": "Inputs",
    "y_train": "Targets",
    "x_val": "Validation inputs",
    "y_val": "Validation targets",
    "x_test": "Test inputs",
    "y_test": "Test targets",
}
ROLE_PAIRS = (("x_train", "y_train"), ("x_val", "y_val"), ("x_test", "y_test"))
# All that a reconstruction needs.
INPUTS = tuple(x for x, _ in ROLE_PAIRS)
# A file may hold thousands of arrays; these many are shown.
MAX_ARRAYS = 200

MAX_COLUMNS = 5_000
MAX_CATEGORIES = 1_000
# Texts that were read as missing values; these many are shown.
MAX_MARKERS, MAX_MARKER = 100, 40

# Of tables as text; "" has the runner guess.
ENCODINGS = {
    "utf-8": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16 little-endian, no BOM",
    "utf-16-be": "UTF-16 big-endian, no BOM",
    "utf-32": "UTF-32",
    "cp1252": "Windows-1252 (Western Europe)",
    "latin-1": "ISO 8859-1 (Latin 1)",
    "iso8859-15": "ISO 8859-15 (Latin 9)",
    "cp1250": "Windows-1250 (Central Europe)",
    "cp1251": "Windows-1251 (Cyrillic)",
    "mac-roman": "Mac Roman",
    "cp437": "DOS (code page 437)",
    "shift-jis": "Shift JIS (Japanese)",
    "gb18030": "GB 18030 (Chinese)",
    "big5": "Big5 (Chinese)",
    "euc-kr": "EUC-KR (Korean)",
}
DELIMITERS = {
    ",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar", " ": "blank", ":": "colon",
}  # fmt: skip
DECIMALS = {".": "point", ",": "comma"}
# What the first row of a table is.
HEADERS = {"yes": "Column names", "no": "Data"}
# Tables of a zip or sheets of a spreadsheet; these many are shown.
MAX_MEMBERS = 100
# Of a zip of images: their folders say what they show, whatever tables there are.
FOLDERS = "/"
# Height, width and channels of images whose pixels are columns.
PIXELS = r"(\d{1,4})\s*[xX×]\s*(\d{1,4})(?:\s*[xX×]\s*(\d))?"
# The shape is guessed, and used if the columns' names leave no doubt.
AUTO_PIXELS = "auto"
# All tables of a zip that have the same columns, one after the other.
ALL_MEMBERS = "*"
# Between several labels in one cell, in the order in which they are tried.
SEPARATORS = {";": "semicolon", "|": "vertical bar", ",": "comma"}


class ColumnType(StrEnum):
    """What becomes of a table's column."""

    NUMBER = "number"
    CATEGORY = "category"
    TEXT = "text"
    # Year, month, weekday and elapsed days, which are columns of numbers.
    DATE = "date"
    OUT = "out"
    # Predicted, beside the target that an upload names.
    TARGET = "target"
    # No inputs: what a row belongs to, when it was, how much it counts in training.
    GROUP = "group"
    TIME = "time"
    WEIGHT = "weight"


AUXILIARY = frozenset({ColumnType.GROUP, ColumnType.TIME, ColumnType.WEIGHT})
# Each takes 8 bytes a row in memory while it is read.
MAX_AUXILIARY = 10


@dataclass(frozen=True)
class Upload:
    """A file that a person uploaded and how it is to be read.

    `file` is its name in the runner's folder, `name` the one that its owner knows. `most_bytes`
    is what its contents may take up. Of images: `side` 0 and `colours` "" leave them as they are,
    as far as that can be. Of arrays: `arrays` has their names by ARRAY_ROLES; empty, they are
    recognised by their names, or only looked at if those are not clear. Of tables: without a
    `target` they are only looked at; it may name several columns, separated by commas, and `types`
    further ones. `task` "" is the one that the targets suggest; `types` has the columns whose type
    is not the one that was detected; if `keep` has names, other columns than these are left out;
    `header` is one of HEADERS, `sheet` one of a spreadsheet, `member` a table of a zip or
    ALL_MEMBERS; an empty one of these, or of `encoding`, `delimiter` and `decimal`, is guessed;
    `decimals` has the decimal sign of columns where both would do; a table in a zip of images has
    their names in the column `file_names`. `pixels` is the shape of the image that numbered columns
    are, such as 28x28x1, AUTO_PIXELS or empty. Cells of `gaps` are missing values besides the usual
    ones, of which `not_missing` are values. With a `look_back`, windows are cut from the rows in
    the order of the column `time` (`protocol/windows.py`); `known` are columns that are known in
    advance, and the column `series` names the series of each row, if there are several.

    Rows for a model are read as those of its dataset, whatever they look like: `date_orders` has
    the order of year, month and day of its dates, and `percents` its columns of percentages (None:
    the cells say it).
    """

    kind: str
    file: str
    name: str
    most_bytes: int
    side: int = 0
    colours: str = AS_THEY_ARE
    arrays: dict[str, str] = field(default_factory=dict)
    target: str = ""
    task: str = ""
    types: dict[str, str] = field(default_factory=dict)
    file_names: str = ""
    pixels: str = ""
    keep: list[str] = field(default_factory=list)
    drop_rows: bool = False
    header: str = ""
    sheet: str = ""
    member: str = ""
    encoding: str = ""
    delimiter: str = ""
    decimal: str = ""
    decimals: dict[str, str] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    not_missing: list[str] = field(default_factory=list)
    time: str = ""
    look_back: int = 0
    horizon: int = 1
    stride: int = 1
    known: list[str] = field(default_factory=list)
    series: str = ""
    date_orders: dict[str, str] = field(default_factory=dict)
    percents: list[str] | None = None


def all_endings() -> dict[str, str]:
    """ENDINGS, and those of compressed files."""
    texts = {ending: kind for ending, kind in ENDINGS.items() if kind in (TEXT_TABLE, JSON_LINES)}
    packed = {ending + last: kind for ending, kind in texts.items() for last in COMPRESSED}
    return {**ENDINGS, **packed}


def kind_of(name: str) -> str:
    """The kind of upload that a file's name promises; empty for none that can be read."""
    suffixes = PurePath(name.lower()).suffixes
    count = 2 if suffixes and suffixes[-1] in COMPRESSED else 1
    return all_endings().get("".join(suffixes[-count:]), "")
