"""Estimators of scikit-learn: inspection, cross-validation, retraining.

The oracle at the other end of the pipe (`RemoteOracle`) is the same. All trials of a project have
the same folds, by the seed of its split; before each fold the random generators are seeded, so
that a trial repeats itself. An estimator that selects columns (`estimators/columns.py` looks
through it) gets DataFrames (`inputs/frames.py`) in trials and in retraining, and its file takes
them without preprocessing in front. The tables of a script that selects columns are DataFrames as
well (`template/tables.py`). `n_jobs` is held to the slot's cores, in threads. The scorers that
the form offers are a list in `tuning/protocol/scorers.py`, because the site loads no
scikit-learn; a test compares it with scikit-learn's.
"""
