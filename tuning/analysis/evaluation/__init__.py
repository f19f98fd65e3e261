"""What the test rows say of a saved model, as its page shows it. The figures come from the runner
(`tuning.protocol.evaluation`); nothing is computed here but which rows to show.

- `summary.py`: scores with intervals, the gap to validation, warnings, tables
- `confusion.py`: the cells of a confusion matrix
- `lines.py`: the predictions, row by row: those of a cell, mistakes, the largest errors
- `rows.py`: a page of them
- `contents.py`: what a row holds: its columns, or a picture
- `comparison.py`, `pairs.py`: models side by side, and whether their difference may be chance
- `plots.py`: what static/js/evaluation.js draws
"""
