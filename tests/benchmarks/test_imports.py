"""Benchmarks run without the packages that only development needs, as benchmarks/README.md says."""

import ast
import re
import sys
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "benchmarks" / "README.md").read_text()
OURS = {"benchmarks", "tests", "tuning", "webapp"}


def named(text: str) -> set[str]:
    """The packages of requirements such as `psutil==7.2.2`."""
    return {name.lower() for name in re.findall(r"([\w-]+)==\d", text)}


DISTRIBUTIONS = packages_distributions()
INSTALLED = named((ROOT / "requirements.txt").read_text()) | named(README)


def imports(file: Path) -> set[str]:
    """What a file imports, wherever in it, as `package.module`."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = ".".join(file.relative_to(ROOT).parts[: -node.level]) if node.level else ""
            module = f"{package}.{node.module or ''}".strip(".")
            found |= {f"{module}.{alias.name}" for alias in node.names}
    return found


def with_helpers(file: Path, seen: set[Path]) -> set[Path]:
    """The file, and what it imports of `benchmarks` and `tests`, however far."""
    seen.add(file)
    for name in imports(file):
        parts = name.split(".")
        for length in range(1, len(parts) + 1 if parts[0] in {"benchmarks", "tests"} else 0):
            path = ROOT.joinpath(*parts[:length])
            for helper in (path / "__init__.py", path.with_suffix(".py")):
                if helper.exists() and helper not in seen:
                    with_helpers(helper, seen)
    return seen


@pytest.mark.parametrize(
    "file", sorted((ROOT / "benchmarks").rglob("*.py")), ids=lambda file: file.name
)
def test_it_needs_what_the_readme_installs(file: Path) -> None:
    for helper in with_helpers(file, set()):
        tops = {name.split(".")[0] for name in imports(helper)}
        # What no package brings lies beside the file when it runs.
        for top in (tops - OURS - set(sys.stdlib_module_names)) & DISTRIBUTIONS.keys():
            owners = {owner.lower() for owner in DISTRIBUTIONS[top]}
            assert owners & INSTALLED, f"{helper.relative_to(ROOT)} imports {top}"
