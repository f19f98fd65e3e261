"""Tutorial-style scripts: the part that defines the models, without the part that runs a search.

Only a script is touched: code that, outside of functions and classes, loads data, makes a tuner,
trains, or uses what is not installed. Any other template runs unchanged.
"""

import ast
from collections.abc import Iterable

from tuning.protocol.notebooks import without_commands

from .absent_data import with_absent_data
from .adaptation import Adaptation, sides_of
from .constants import with_constants
from .construction import construction_of, search_of
from .imports import absent_imports
from .kept_divisions import with_divisions_unpacked
from .local_data import with_local_data
from .openings import opened, opened_function
from .reading import GIVEN, Reading, installed, is_builder
from .running import Running
from .script import Script
from .script_data import Rows, ScriptData
from .studies import imports_optuna, study_of, with_the_study
from .surroundings import names_of_settings, statements_for
from .syntax import DEFINITIONS, defines, is_import, uses


def read_script(code: str, filename: str, constants: Iterable[str] = ()) -> Script:
    """The code as a tree, without what a project does in its place, and with the values of
    `constants` left to those of the form. Raises SyntaxError."""
    code, commands = without_commands(code)
    tree = with_divisions_unpacked(ast.parse(code, filename))
    body = opened(tree.body, lambda nodes: any(is_builder(node, "") for node in nodes))
    body = _with_the_object(body)
    has_study = imports_optuna(body) and construction_of(body).call is None
    if has_study:
        body = with_the_study(body)
    with_data = with_absent_data(tree, body)
    absent = absent_imports(body)
    running = Running(body)
    constants = frozenset(constants)
    loose = [node for node in body if not isinstance(node, DEFINITIONS)]
    is_script = with_data != tree.body or any(
        running.runs(node) or (not is_import(node) and uses(node) & absent.keys()) for node in loose
    )
    body = with_constants(with_data, constants)
    made = construction_of(body)
    study = study_of(body) if has_study else None
    if study is not None:
        found, made = study
        is_script = is_script or found.optimize is not None
        body = with_local_data(body, Running(body), _data_of(body, running))
    names = {node.name: node for node in body if isinstance(node, DEFINITIONS)}
    adaptation = Adaptation(names, constants, sides_of(loose))
    if is_script and (made.builder or any(is_builder(node, "") for node in body)):
        if made.given is not None:
            body = [*body, _statement(adaptation.call(made.given))]
        entry = GIVEN if made.given is not None else ""
        own = made.call if made.tuner else None
        script = Reading(body, running, absent, adaptation, entry or made.builder, own).script()
        script.builder, script.entry = made.builder, entry
    else:
        tree.body = [adaptation.statement(node) for node in installed(body, absent)]
        defined = {name for node in tree.body for name in defines(node)}
        entry = made.builder if made.builder in defined else ""
        script = Script(ast.fix_missing_locations(tree), entry=entry, absent=absent, kept={*body})
    script.tuner, script.search, script.commands = made.tuner, search_of(body), commands
    script.construction = made.call and adaptation.call(made.call)
    script.study = study[0] if study is not None else None
    if script.study is not None:
        script.search = None
    asked = (made.call, script.search, *(script.study.all if script.study else ()))
    needed = statements_for(body, asked, running)
    # The project's rows stand for the script's data.
    made_here = (n for n in needed if n not in script.kept and not defines(n) & script.rows.keys())
    around = [adaptation.statement(node) for node in made_here]
    script.around = installed(around, absent)
    read = {name for node in script.around for name in uses(node)}
    read |= names_of_settings((made.call, script.search), script.rows)
    script.rows_around = {name: rows for name, rows in script.rows.items() if name in read}
    return script


def _with_the_object(body: list[ast.stmt]) -> list[ast.stmt]:
    """A function opened that makes the tuner with a method of an object: it makes that too."""
    made = construction_of(body)
    functions = (node for node in body if isinstance(node, ast.FunctionDef))
    for node in functions if made.given is not None else ():
        if any(part is made.call for part in ast.walk(node)):
            return opened_function(body, node)
    return body


def _data_of(body: Iterable[ast.stmt], running: Running) -> dict[str, Rows]:
    """What names outside of functions stand for."""
    data = ScriptData()
    for node in body:
        if not isinstance(node, DEFINITIONS) and not is_import(node):
            data.learn(node, running.runs(node) or bool(uses(node) & data.names.keys()))
    return data.names


def _statement(given: ast.expr) -> ast.stmt:
    """One that makes what the script's tuner is given."""
    statement = ast.Assign([ast.Name(GIVEN, ast.Store())], given)
    return ast.fix_missing_locations(ast.copy_location(statement, given))
