"""What the test rows say of a retrained model, and which columns it uses.

- `predictions.py`: a network's or an estimator's outputs as `predicted.py` has them: classes and
  probabilities, or numbers
- `several.py`: the same of several targets or labels
- `classification.py`, `labels.py`, `regression.py`: the report of classes, labels, numbers
- `curves.py`: areas, curves and calibration
- `bootstrap.py`: intervals
- `importances.py`: permutation importance of a table's columns
- `evaluate.py`: all of it, in order; a model that cannot be evaluated stays a model
"""
