"""Files as people bring them (tests/cases), prepared in this process as a runner would."""

import shutil
from contextlib import chdir
from pathlib import Path

from tuning.protocol.uploads import Upload, kind_of
from tuning.runner.datasets.uploads import prepare_upload

CASES = Path(__file__).parents[1] / "cases"


def prepared_case(name: str, target: str, folder: Path, **choices: str) -> Path:
    """The folder of the dataset made of a table. `choices`: the types of columns by name."""
    folder.mkdir(parents=True)
    with chdir(folder):
        shutil.copy(CASES / name, name)
        upload = Upload(kind_of(name), name, name, 1 << 26, target=target, types=choices)
        prepare_upload("own-1", upload, Path("prepared"), lambda _: None)
    return folder / "prepared"
