"""From files and downloads to prepared datasets.

The site looks at a file's name and its first four bytes, nothing more: a file is untrusted input,
so it is parsed in a runner that sees no dataset and no network
(`tuning/runner/datasets/uploads.py`; one reader for each kind: `arrays.py`, `images.py`,
`tables/`; the endings are in `tuning/protocol/uploads.py`).

- `protocol/archives.py` opens every zip, and an `.npz` is one: it walks the central directory
  without keeping it before `zipfile` reads it into memory, and refuses bombs (entries, ratio,
  sum, overlaps), names that lead out, links, encryption, methods other than stored and deflate.
  Uploads may hold no archives within, either.
- Arrays may have any names. `array_names.py` finds inputs and targets by them; where that leaves
  a doubt, a person is asked, in two turns of a worker as for tables (`FoundArrays`,
  `Upload.arrays`). Images in them are resized and converted row by row, with the same
  interpolation as those of a zip (`array_images.py`).
- Arrays are never unpickled, and what their headers declare must be what is there, before
  anything is unpacked. They are mapped from files and converted in pieces, so they need not fit
  into memory.
- Images: an allow-list of formats, at most 50 megapixels, asked before decoding. Up to a tenth of
  them may be broken; they are named on the page.
  What they show is told by folders, by the beginning of file names or by a table beside them
  (`image_labels.py`). A zip may also hold tables or .npy files; the names in it decide.
- Tables: see `tables/`.
- Whatever is wrong ends as `BadData` with one sentence; hypothesis throws damaged files at the
  readers.

A preparation that was refused keeps its row for a day, which tells why, and nothing else; it is
not tried again. The runner's profile is checked field by field where pages count on it
(`facts_of`). Uploads that have a predefined split (`x_train`, `train/`) are stored in one piece,
with the part of each row in `parts.npy`; a project keeps that split or divides all rows again. A
part that is missing is taken out of the training rows, by its fraction of the project's
(`tuning/splits.py`); without a training part nothing is kept. A dataset belongs to a team; only
that team's projects use it, and while they do it cannot be deleted. Arrays of the shape
(rows, a, b) are grey images or sequences of measurements (`datasets/sequences.py`).

browser → `LimitedUploadHandler` (streams below `DATA_ROOT/uploads`, counts, stops at
`UPLOAD_MAX_MB`) → `Dataset` row → claimed like any preparation → a runner, which gets the file as
a second name in its own folder → `prepared/` → stored under its SHA-256 → the original is
deleted, however it ended (of a table or arrays: once it is prepared, is no such file at all, or
is deleted).
"""
