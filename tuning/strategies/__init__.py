"""Search strategies: how a search chooses the next values.

`traits` says what each strategy is and can do, for forms, pages and claims: importing it costs
nothing. `suggesting` asks one for its next values; the libraries behind it (KerasTuner, Optuna) are
loaded when the first search needs them.

`tuning/strategies` is pure: settings, state and known trials in, suggestion and state out
(`contract.py`). `traits.py` is the table: what each strategy is called, whether it learns,
enumerates, has rounds, how many warm-start trials it takes, which settings of a search are its
own. Forms, pages, claims, help and tests read it; a new sampler is one row and one case in its
family's module:

- `optuna_samplers.py` makes a study from the known trials for each suggestion and lets Optuna's
  sampler ask. The state is the sampler's random numbers and what it notes down about study and
  trials, so that the sequence is Optuna's own (`tests/strategies/test_equals_optuna.py`),
  whichever worker computes it. `distributions.py` turns hyperparameters into what Optuna samples
  and samples into values: those with steps and ordered choices are sampled by their place, so
  that a value is always one that KerasTuner's class would give. A configuration that a trial has
  already is drawn again; what is left of a small space is found by going through it
  (`untried.py`), and a space of which all is tried ends the search.
- `auto.py` chooses among them by space, budget and parallel trials, and says why. Nothing of it
  is stored.
- `kerastuner.py` restores KerasTuner's oracle. Trials that have ended since the last suggestion
  are ended in it first, in the order in which they did: nothing has to be reported while a
  trial's result is written.

- `given.py` suggests nothing: the trials of a confirmation are made with it.

A person's own values (`actions.searches.try_values`, `spaces/entered.py`) are a trial without
`oracle_id` like the baseline: it waits in the queue, so that it is claimed before anything is
suggested, and adds one to `max_trials`.

The libraries are imported by the first search that needs them. A worker loads Optuna when it
starts; keras_tuner, which brings TensorFlow into the worker, only for a search that uses its
oracles.
"""
