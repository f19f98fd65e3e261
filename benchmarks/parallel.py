"""How long does a person wait for parallel coordinates of 10,000 trials?

    .venv/bin/pip install playwright==1.65.2
    .venv/bin/python benchmarks/parallel.py --trials 10000 --times 5

In Chromium without a graphics card: from the press on "Parallel coordinates", on a page just
loaded, until the lines are drawn and the browser is free for a brush; how much of that it takes
until the figures are there. No press finds the figures in the site's cache. The promise: under 1 s.
"""

import argparse
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from benchmarks.big_search import PASSWORD  # noqa: E402
from benchmarks.viewers import wait_for  # noqa: E402
from tests.programs import CHROMIUM_ARGS, program  # noqa: E402

PORT = 8996
# Drawn is what has passed through a frame; the task after the next one finds the browser free.
PRESS = """async () => {
  const frame = () => new Promise(requestAnimationFrame);
  const plot = document.querySelector("#plot-parallel .plot");
  const begun = performance.now();
  document.querySelector('.plot-toggles [data-plot="parallel"]').click();
  while (!plot.querySelector(".annotation-text")) await frame();
  await frame();
  await new Promise((resolve) => setTimeout(resolve));
  const done = performance.now();
  const figures = performance.getEntriesByType("resource").find((one) => one.name.includes("/plots/parallel.json"));
  return { all: done - begun, figures: figures.responseEnd - begun, server: figures.responseStart - figures.requestStart, bytes: figures.encodedBodySize };
}"""  # noqa: E501


@contextmanager
def site(trials: int) -> Iterator[str]:
    """Yields the address of a search of so many trials."""
    with TemporaryDirectory() as folder:
        environment = {**os.environ, "TUNEROOM_DATA": folder, "LOG_LEVEL": "ERROR"}
        environment |= {"PORT": str(PORT)}
        for command in (["manage.py", "bootstrap"], ["benchmarks/big_search.py", str(trials)]):
            done = subprocess.run(
                [sys.executable, *command], cwd=ROOT, env=environment, check=True,
                capture_output=True, text=True,
            )  # fmt: skip
        gunicorn = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", "webapp.wsgi", "--bind", f"127.0.0.1:{PORT}",
             "--worker-class", "webapp.gunicorn_worker.PatientWorker",
             "--threads", "64", "--log-level", "error",
             "--no-control-socket", "--graceful-timeout", "2"],
            cwd=ROOT, env=environment,
        )  # fmt: skip
        try:
            wait_for(PORT)
            yield f"http://127.0.0.1:{PORT}{done.stdout.split()[-1]}"
        finally:
            gunicorn.terminate()
            gunicorn.wait(30)


def measure(address: str, times: int) -> list[dict[str, float]]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        executable = program("chromium", "chromium-browser", "google-chrome")
        browser = playwright.chromium.launch(executable_path=executable, args=CHROMIUM_ARGS)
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        page.goto(address)
        page.get_by_label("Username").fill("alice")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url("**/trials/")
        return [_press(page, f"{address}?plot.parallel.benchmark={n}") for n in range(times)]


def _press(page: Any, address: str) -> dict[str, float]:
    page.goto(address, wait_until="networkidle")
    measured: dict[str, float] = page.evaluate(PRESS)
    return measured


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=5)
    options = parser.parse_args()
    with site(options.trials) as address:
        measured = measure(address, options.times)
    every = sorted(one["all"] for one in measured)
    middle = {key: statistics.median(one[key] for one in measured) for key in measured[0]}
    print(
        f"{options.trials:,} trials, median of {options.times}: {middle['all']:.0f} ms"
        f" ({every[0]:.0f} to {every[-1]:.0f}); {middle['figures']:.0f} ms until the figures were"
        f" there, {middle['server']:.0f} ms of them the site's; {middle['bytes'] / 1000:.0f} KB"
    )


if __name__ == "__main__":
    main()
