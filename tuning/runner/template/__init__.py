"""A template's code: from text to the one thing that it builds.

What is read without running it: `scripts` (a script's part that builds), `reading` (the statements
that are kept), `running` (what a project does instead), `construction` (how its tuner is made),
`script_data` (its inputs and targets), `sources` (its tables, batches and fitted helpers),
`constants` (values of the template's form), `adaptation` (what is compared with the project),
`openings` (main blocks), `helpers` (classes that search), `absent_data` (data that nothing sets),
`imports` (missing packages), `removed_names`, `syntax`, `script`.

What runs: `code` (the template), `modules` (its module), `definitions` (its builder), `supplied`
(what a project supplies), `stand_ins` and `source_stand_ins` (the project's rows and facts in place
of the script's), `tables` (DataFrames for scripts that select columns), `unknown` (values that
nobody knows), `ready_made` (KerasTuner's HyperModels), `targets` and `misfits` (shapes),
`normalization` (of constant columns), `command_line` (options have their defaults).

The runner (`tuning/runner/template/code.py`) executes it unchanged, with one exception: code
that loads data, makes a tuner, trains or uses what is not installed, outside of functions, is a
script. Of a script (`scripts.py`, `reading.py`) only the builder that its tuner was given is
kept, and the tuner's class if it is the script's own (`construction.py`), and everything that
these need: imports, definitions, constants, and statements that change a kept object
(`layer.adapt(x)`). `running.py` knows what a project does in the script's place, `openings.py`
brings main blocks to the top level, `absent_data.py` adds data that nothing sets,
`command_line.py` gives options their defaults, `protocol/notebooks.py` blanks a notebook's
commands.

A statement that makes data (`script_data.py` knows by the call that assigns them and by names)
becomes one that asks for the project's rows (`stand_ins.py`); one that loads a table or batches,
or fits an encoder (`sources.py`), one that gives what the project knows of those
(`source_stand_ins.py`) and an `Unknown` (`unknown.py`) for the rest, which can be passed on but
not counted with. A name in *Constants* is bound to its value instead (`constants.py`). A constant
or an argument with a name that a project supplies becomes one that is compared with the dataset
(`adaptation.py`). The size of images has the form that the code takes, one number, a pair or a
shape (`image_sizes.py`); what a network needs of images that they are not is a sentence
(`image_limits.py`). `ready_made.py` fits KerasTuner's own HyperModels as they build. `targets.py`
decides by the model's loss and outputs whether the class numbers are given one-hot; `imports.py`
lets missing packages fail where they are used. `configuration.py` knows the statements that
configure the libraries, which are kept. `docs/templates.md` tells people what works.
`definitions.py` finds the builder in the module that is left, and `misfits.py` turns an error of
a training into a sentence where shapes explain it.
"""
