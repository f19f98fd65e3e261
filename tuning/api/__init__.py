"""The REST API: the site's forms, actions and querysets with JSON in and out.

- `site.py`: the API object, its routers, its addresses; `serving.py`: what holds for every request
  (token, scope, rate, ETags, idempotency keys); `problems.py`: errors as RFC 9457 problem details
- `reading.py`: rows that operations look up; `paging.py`: lists with cursors
- `schemas.py`: what rows look like; `rows.py`: rows as the schemas have them
- `pages.py`: the reference for people
- `bodies.py`: JSON bodies made of the forms' fields; `spaces.py`: edits of a search space by name
- `changes.py`: what operations of several kinds change in the same way
- a file for each kind of thing: `projects.py`, `datasets.py`, `searches.py`, `predictions.py`…
"""
