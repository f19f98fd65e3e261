"""Templates with a Tuner class of their own: inspection, search, retraining.

A template may bring its own Tuner class (`custom_tuners/`; `ModelKind.CUSTOM`), whichever of
KerasTuner's it derives from. It runs unchanged between two classes of ours: `Watched`, before it
in the method resolution order, sees each trial, epoch and model; `Plugged`, just above
`BaseTuner`, gives it our oracle in place of whichever its constructors make, so that the search
form chooses the algorithm. Of the script's construction of it each argument that needs no data is
used; its objective is proposed in the search form.

- `run_trial` gets what its signature names (`arguments.py`): `x`, `y`, `validation_data`,
  `x_val`, `train_ds` (a `tf.data.Dataset`, not batched if the class batches it), `epochs`,
  `batch_size`, `callbacks` and their other names; by position x, y, validation data; targets
  one-hot if the script makes its own so. The script's own data become the rows of that trial
  (`Template.use_rows`). A name such as `x_test` gets the validation rows: a search never sees the
  test rows.
- Epochs come from KerasTuner's loop, from `self.on_epoch_end`, from any Keras `fit` inside
  (`keras_hooks.py` wraps it), or, where there are none of these, from repeated calls of
  `update_trial`. A trained model is an execution. A trial that tells of no epoch gets one with
  its results.
- Keras files that it saves outside of its working folder (`/tmp/best.keras`) land in
  `saved-elsewhere/` within.
- The space is found by running `run_trial` on 32 rows, once for each conditional scope, for 60 s
  at most beyond the first; how long a class that uses its own data takes nobody can limit but the
  inspection's time limit.
- Under Hyperband a class that uses KerasTuner's loop goes on from the parent's checkpoint; one
  with a loop of its own is given the round's `epochs` and begins again.
- Retraining runs it once more on the training and validation rows. Code that insists on
  validation rows gets the project's, which it is trained on as well; its measure is the test
  rows, if the model is compiled and takes them as they are; not if `run_trial` scales its inputs.
  The model is what it gave to `self.save_model`, else the Keras model or estimator that it fitted
  last (`sklearn_hooks.py`), behind the transformers that lead from the rows to its inputs
  (`fitted.py`). The same holds for a `HyperModel.fit` that asks for `validation_data`.
"""
