"""Files of rows (prepared datasets, uploads, models, checkpoints, answers), where all machines find
them.

Without `STORAGE_URL` there is nothing but the data folder: each file lies at its place there, and
all processes map, link and read it. With it, the data folder of each machine is its own: what is
written at its place also goes to a store, under its SHA-256, before a row says so; a machine that
lacks it fetches it to the same place, verified. So code knows paths, and nothing else.

- `contract.py`: what every store does, and the errors
- `folder.py`: a store in a folder; also what backups keep files in
- `s3.py`: a store in a bucket of any S3-compatible server; `bucket.py` has the requests
- `incoming.py`: a file that a browser sends to the bucket itself
- `cross_origin.py`: whether browsers may send files there
- `configured.py`: the store of the settings
- `transfers.py`: fetching: verified, and resumed where it broke off
- `stored.py`: a row's file or folder, at its place or in the store
- `at_hand.py`: files for pages, which do not wait for them
- `cache.py`: which copies here may go, when they take too much space
- `collecting.py`: what no row refers to leaves the store
- `locks.py`: locks between processes of a machine
"""
