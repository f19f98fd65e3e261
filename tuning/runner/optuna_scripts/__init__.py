"""Optuna scripts: inspection, search, retraining.

The script's objective function runs unchanged with a trial that is Optuna's own class
(`trials.py`): only the values of its hyperparameters come from elsewhere. In a search the
supervisor draws each one when the function asks for it (`protocol/events.py`, `Asked`), in a
retraining they are the trial's.

- What of the script runs: `template/studies.py` finds the objective function and the calls of the
  study, `template/local_data.py` gives functions that load data the project's rows,
  `study_settings.py` reads what the script says of its study.
- Epochs come from any Keras `fit` inside and from `trial.report`; a report belongs to the epoch
  before it (`watch.py`). `trial.should_prune` waits for the supervisor's verdict on what was
  reported. The numbers that the function returns, its numeric user attributes and its constraints
  are the trial's metrics (`running.py`).
- The space is found by running the function on some rows, Keras's `fit` for one epoch
  (`inspection.py`): the ends of each range first, every choice at least once. What appears later
  joins the search's space.
- Retraining runs the function once more with the training and validation rows (`retrain.py`); the
  model is found as that of a custom tuner.
- `callbacks.py` has Keras's pruning callbacks where optuna-integration is not installed.
"""
