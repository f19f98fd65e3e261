"""What the fork server imports before it forks runners."""

from tuning.runner.libraries import load_libraries

load_libraries()
