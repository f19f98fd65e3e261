"""The modules of the runner, of which each kind of order imports some."""

import pkgutil

import tuning.runner


def runner_modules() -> list[str]:
    found = pkgutil.walk_packages(tuning.runner.__path__, "tuning.runner.")
    return [module.name for module in found if not module.name.endswith("__main__")]
