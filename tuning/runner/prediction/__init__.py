"""Predictions of a saved model for rows that a person gives, as `predict.py` makes them.

- `answer.py`: from an order to the answer; `loaded.py`: the model's file, and what it says of rows
- `rows.py`: the rows as the model takes them, from a form, a table's file, a picture or an array
- `report.py`: the answer's first rows, and the file with all of them
"""
