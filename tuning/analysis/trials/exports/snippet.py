"""Code that reads an export with pandas."""

from tuning.analysis.exports import trials_stem
from tuning.analysis.literals import python_literal
from tuning.analysis.trials.scope import Scope


def pandas_snippet(scope: Scope) -> str:
    stem = trials_stem(scope)
    return f"""\
import pandas as pd

trials = pd.read_parquet({python_literal(stem + ".parquet")})

# Or the CSV file. Only empty cells are missing values: "None" is text.
trials = pd.read_csv(
    {python_literal(stem + ".csv")},
    keep_default_na=False, na_values=[""],
)
"""


def script_snippet(address: str) -> str:
    """The same without a file: pandas sends the token with its request."""
    return f"""\
import os
import pandas as pd

trials = pd.read_parquet(
    {python_literal(address)},
    storage_options={{"Authorization": "Bearer " + os.environ["TUNEROOM_TOKEN"]}},
)
"""
