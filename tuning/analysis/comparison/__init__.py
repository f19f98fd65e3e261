"""Trials side by side, and searches side by side.

`tuning/analysis/comparison/` reads what `?trial=12&trial=19` or `?search=1&search=2` names
(`chosen.py`); what is not in the project, and what never was, gets the same sentence. One kind of
table (`tables.py`) serves trials and searches: columns are what is compared, cells know whether
they differ from the reference's and whether they are the best of their row. `layers.py` aligns
layers by their classes. "Add to comparison" goes on with the trials that the person compared last
in this project, which the session remembers.

Plots of searches read cells only, and the database reduces them: window functions find the dozen
trials that improved a search of 100,000 and the few hundred scores that draw its distribution.
Each plot has a module of the same name in `static/js/comparison/`. How curves are drawn
(smoothing, log axis) is `curve_controls.js` for all pages; it is in the URL, which wins over what
the person last chose.
"""
