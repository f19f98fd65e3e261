"""Inspects templates as people bring them, in one process. Run as

    python check_own_templates.py <folder of prepared datasets> <folder of templates> [<name> ...]

it prints one JSON object: name -> its Inspected or Failed event, as a dict. A file may
begin with its dataset and task: `# dataset: iris`, `# task: reconstruction`. Of the named
templates as many models are sampled as are wanted, however long it takes, of the others two.
"""

import json
import re
import sys
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests.runner.check_templates import Recorder  # noqa: E402
from tests.runner.harness import project  # noqa: E402
from tuning.protocol.orders import InspectOrder  # noqa: E402
from tuning.runner.failures import failure_of  # noqa: E402
from tuning.runner.libraries import load_libraries  # noqa: E402


def main(datasets: Path, templates: Path, sampled: list[str]) -> None:
    load_libraries()
    from tuning.runner.inspection import inspect_template
    from tuning.runner.networks import samples

    samples.SECONDS = 600.0
    wanted = samples.MAX_SAMPLES
    results: dict[str, Any] = {}
    for path in sorted(templates.glob("*.py")):
        samples.MAX_SAMPLES = wanted if path.stem in sampled else 2
        code = path.read_text()
        named = re.match("# dataset: (.*)", code)
        folder = datasets / (named[1] if named else "digits")
        task = re.search("^# task: (.*)$", code, re.MULTILINE)
        order = InspectOrder(replace(project(code, folder), task=task[1] if task else ""))
        recorder = Recorder()
        try:
            inspect_template(order, recorder)
        except Exception as error:  # noqa: BLE001  as the runner does
            recorder.send(failure_of(error))
        results[path.stem] = asdict(recorder.events[-1])
    sys.stdout.write("\n" + json.dumps(results))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3:])
