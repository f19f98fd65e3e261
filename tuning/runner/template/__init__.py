"""A template's code: from text to the one thing that it builds.

What is read without running it: `scripts` (a script's part that builds), `reading` (the statements
that are kept), `running` (what a project does instead), `construction` (how its tuner is made),
`script_data` (its inputs and targets), `sources` (its tables, batches and fitted helpers),
`constants` (values of the template's form), `own_values` (what is compared with the project),
`openings` (main blocks), `helpers` (classes that search), `absent_data` (data that nothing sets),
`imports` (missing packages), `removed_names`, `syntax`, `script`.

What runs: `code` (the template), `modules` (its module), `definitions` (its builder), `supplied`
(what a project supplies), `stand_ins` and `source_stand_ins` (the project's rows and facts in place
of the script's), `tables` (DataFrames for scripts that select columns), `unknown` (values that
nobody knows), `ready_made` (KerasTuner's HyperModels), `targets` and `misfits` (shapes),
`normalization` (of constant columns), `command_line` (options have their defaults).
"""
