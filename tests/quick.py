"""`--quick`: only tests that have once taken at most 40 ms on this machine, setup included. Seven
tenths of those that need no other program do, in a third of the time. Tests that are new here run,
and those that failed.
"""

from collections import Counter
from typing import Any

import pytest

MOST_SECONDS = 0.04
# In pytest's cache: the least seconds of each test.
_KEPT = "tuneroom/seconds"

_seconds: Counter[str] = Counter()
_failed: set[str] = set()


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--quick", action="store_true", help="leave out what takes more than 40 ms here"
    )


def pytest_collection_modifyitems(config: Any, items: list[pytest.Item]) -> None:
    if config.getoption("quick"):
        least = config.cache.get(_KEPT, {})
        slow = {item for item in items if least.get(item.nodeid, 0) > MOST_SECONDS}
        config.hook.pytest_deselected(items=list(slow))
        items[:] = [item for item in items if item not in slow]


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    _seconds[report.nodeid] += report.duration
    if report.failed:
        _failed.add(report.nodeid)


def pytest_sessionfinish(session: Any) -> None:
    """The processes of xdist leave it to the one that has all reports."""
    cache = getattr(session.config, "cache", None)
    if cache is None or hasattr(session.config, "workerinput"):
        return
    least = cache.get(_KEPT, {})
    for name, seconds in _seconds.items():
        least[name] = min(seconds, least.get(name, seconds))
    cache.set(_KEPT, {name: least[name] for name in least if name not in _failed})
