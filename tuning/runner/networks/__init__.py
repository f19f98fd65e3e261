"""Networks of Keras: search, retraining, descriptions.

More than half of a short trial would be tracing graphs. `networks/kept_models.py` keeps the last
few models of a runner: a new one that differs from one of them in nothing that a graph holds
(`fingerprint`: configurations, shapes, compile arguments, the form of the data) hands its
weights, optimizer state and random generators over to it, and it is trained in the new one's
place, with the same result bit by bit (`tests/runner/check_kept_models.py`). Off for own layers,
losses, training steps, callbacks and `fit`s. What TensorFlow has made ready to run of these graphs
is kept as well (`networks/kernels.py`). The variables of optimizer, loss and metrics are
made before the graph is traced (`networks/variables.py`), which is faster than within it.
`networks/quick_fit.py` takes the place of `keras.Model.fit` and `evaluate` in a runner: where
Keras alone trains the model, on a CPU and without callbacks that act on batches, an epoch is one
call of a graph (`whole_epochs.py`), with the same rows in the same order and the same result bit
by bit (`tests/runner/check_quick_fit.py`). A few rows, of an inspection or of a file that is
compared with its network, take no graph at all (`networks/eager.py`). TensorFlow would remember
each gradient function, and with it the graph, for ever; `networks/gradients.py` releases both with
the model, whichever code trained it.
"""
