"""`make audit`: the locked packages among the vulnerabilities that PyPI knows of.

Fails for what is found. Without the network, or where PyPI's list can't be reached, it says so and
succeeds: whether a change is good must not depend on that.
"""

import json
import subprocess
import sys
from pathlib import Path

LOCKED = Path(__file__).parent / "requirements-dev.txt"
SECONDS = 300


def main() -> int:
    print("--- pip-audit", flush=True)
    command = [
        sys.executable, "-m", "pip_audit", "--requirement", str(LOCKED), "--disable-pip",
        "--require-hashes", "--vulnerability-service", "pypi", "--format", "json",
        "--progress-spinner", "off",
    ]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS)
        found = json.loads(done.stdout)["dependencies"]
    except subprocess.TimeoutExpired:
        return not_audited(f"no answer within {SECONDS} s")
    except (ValueError, KeyError):
        return not_audited(done.stderr.strip().rpartition("\n")[2])
    skipped = [package for package in found if "skip_reason" in package]
    if len(skipped) == len(found):
        return not_audited(skipped[0]["skip_reason"] if skipped else "nothing is locked")
    bad = [package for package in found if package.get("vulns")]
    for package in bad:
        for vulnerability in package["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no version yet"
            name = f"{package['name']} {package['version']}"
            print(f"{name}: {vulnerability['id']}, fixed in {fixed}")
    return 1 if bad else 0


def not_audited(reason: str) -> int:
    print(f"Not audited: PyPI's list of vulnerabilities can't be reached ({reason[:300]}).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
