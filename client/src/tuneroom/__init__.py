"""A client for the REST API of a Tuneroom site.

- `http.py`: requests with a token, retries, pages and errors
- `resources.py`: what the site has: projects, searches, trials, models, datasets, templates
- `runs.py`: trials that a script trains itself and logs
- `keras.py`, `optuna.py`: callbacks that log to runs, which nothing here imports
- `client.py`: where a script begins
"""

from .client import Client, connect
from .http import Failed, Problem
from .resources import Dataset, Epoch, Model, Project, Search, Team, Template, Trial, Trials
from .runs import Run

__all__ = [
    "Client",
    "Dataset",
    "Epoch",
    "Failed",
    "Model",
    "Problem",
    "Project",
    "Run",
    "Search",
    "Team",
    "Template",
    "Trial",
    "Trials",
    "connect",
]
