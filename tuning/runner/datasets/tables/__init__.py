"""Uploaded tables: text with a delimiter, or Parquet.

Both are read twice, in pieces, and never held as a whole: once to look at every cell (what are the
columns' types, which cells are in the way?), once to write what is kept.
"""
