"""Backups, and moves of an installation to another database.

- `rows.py`: all rows from one database to another one, whichever kinds these are
- `snapshot.py`: a consistent copy of the database as an SQLite file, while everything runs
- `store.py`: the folder of a backup: files by content hash, a manifest for each backup
- `files.py`: which files of the data folder belong to a backup

A backup of a PostgreSQL installation holds an SQLite file, too: so a backup can be restored into
either of them, and `manage.py move` is the same copy without files.
"""
