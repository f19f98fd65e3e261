"""Questions to saved models: the form's columns, and answers as pages show them.

- `about.py`: what a runner has to know of the dataset; `columns.py`: the form's fields
- `answers.py`: an answer as sentences and bars
"""
