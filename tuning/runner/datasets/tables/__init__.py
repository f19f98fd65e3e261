"""Uploaded tables: text, Parquet, spreadsheets, JSON lines, also from a zip.

All are read in pieces and never held as a whole: once to look at every cell (what are the columns'
types, which cells are in the way?), once to write what is kept.

- `opening.py` makes a `Table` (`source.py`) of an upload: it unpacks compressed files and files of
  a zip, as far as the limit goes. `text.py`, `parquet.py`, `spreadsheet.py` and `json_lines.py`
  read one kind each, `joined.py` several files as one.
- `headers.py` tells whether the first row has names, `notation.py` how the numbers of a column are
  written, `target_guess.py` what is likely to be predicted.
- `dates.py` adds the parts of dates, `pixels.py` makes images of columns; both where a person asks.

A table needs a person: what is to be predicted, and what are its columns? So it takes two turns
of a worker, and `Upload.target` distinguishes them. Without a target the runner only looks
(`tables/schema_detection.py`) and sends `SchemaDetected`: encoding, delimiter, decimal sign, and
of each column its type, missing values, unique values, a few examples, or why it should be left
out. The row keeps that in `look`, is neither requested nor finished (`awaits_choices`) and keeps
its file. The page's form writes the choices into `upload` and requests the row again; the runner
looks again, checks the choices and fills x and y (`tables/prepare.py`). What is refused then
comes back to the form with its sentence; what is no table at all leaves nothing. With a target
from the beginning, both happen in one go.

Tables yield pieces of some 260,000 cells, column by column. Text is divided by the csv module in
its strict mode, which alone notices a quote that swallows rows. Before rows are read come the
checks of what they could cost: letters of a line and of a cell, at most 5,000 columns; of Parquet
the footer, and the rows and bytes that it declares. pandas is not used; `load_snippet` has the
lines with which pandas reads the same, and tests compare the two.

How numbers are written is decided column by column, from all of its values (`notation.py`): if the
first rows voted otherwise than all of them, the column is read once more. The code that reads them
(`protocol/written_numbers.py`) is part of `load_snippet` and of `predict.py` where it is needed.

- `x.npy`: float32. A number column holds its value, a category column the index into its
  `values`; NaN is a missing value. `y.npy` never has any.
- `meta.json` has `columns`, one object for each column of x: `name`, `type` (number or category),
  `missing`, `decimal` if its numbers are not written plainly, and either `histogram` (`edges`,
  `counts`) or `values` and `counts`. The row's profile has the same of the first 1,000 columns
  with the 12 most frequent values, since lists of datasets load it.
- Left out by suggestion: what is empty, always the same, counts the rows, holds dates, over 1,000
  unique texts, texts of over 100 letters, another text in nearly every row, or numbers with
  something else in between.
"""
