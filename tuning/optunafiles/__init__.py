"""Optuna's storages, written and read without Optuna.

The site writes them, and has no Optuna; runners read them, and Optuna itself would run the SQL, the
migrations and the views of a stranger's database. A storage holds any number of studies.

study.py         studies, trials and distributions, as all files have them
distributions.py the range of a parameter, and its JSON
sqlite.py        the tables of RDBStorage in a SQLite file
journal.py       the log of JournalStorage: a JSON line for each operation
table.py         the CSV file of `study.trials_dataframe()`, only read
"""
