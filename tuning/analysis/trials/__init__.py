"""Reading the trials of a search: columns, filters, order, pages. An address has it all.

- `TrialIndex` (`models/trial_index.py`): one narrow typed row a trial, written with it. The
  database filters, sorts and pages them; only the hundred trials of the page are then read with
  their JSON, which has the exact values.
- `columns.py` says which columns a search has and where the trial index has them, `operators.py`
  what can be asked of them, `families.py` which hyperparameters belong together, `shades.py` how
  cells are coloured, `facets.py` what a column offers to choose from: histograms (a CASE over the
  bins' edges) and values with their counts, in the trials that the filters of the other columns
  leave, over the axis of all trials.
- `table.py` makes texts of a page's rows and `templatetags/trial_table.py` HTML of those:
  thousands of cells, so they are joined in Python and escaped once.
- The view answers `HX-Request` with the page's changing pieces, 204 if there is no news `since` a
  revision. `static/js/selection.js` swaps them, keeps the address, and is what the scripts beside
  it talk to by events (`tuneroom:selection`, `tuneroom:filter`, `tuneroom:chosen`). Links and
  forms are plain ones: without scripts they load pages.
- Many people follow one search. Every poll asks first whether the person may see it and whether
  there is news: three queries (session, person, search; the workers once a second), 2 to 3 ms.
  What there is to tell is made once in each process for each revision (`views/shared.py`): those
  who ask meanwhile wait for it. Its key has all that it depends on: role, selection, and the
  person where it shows their own stars or saved view. Forms in it get each person's token.
- A column's menu and filters, the list of columns and the saved views are fetched when they are
  opened (links with `data-panel`) and are pages of their own without scripts. `forms/filters.py`
  turns a column's form into operators.
- Saved views (`SavedView`) keep an address without its page number. The project's default opens
  the bare address; `view=none` is the plain table, and `view=<key>` beside other parameters only
  tells where they came from.
"""
