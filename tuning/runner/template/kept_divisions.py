"""`data = train_test_split(x, y)`, which a script passes on and unpacks elsewhere.

Which rows a name stands for is learned where `train_test_split` is unpacked, so it is unpacked at
once: `_x_train, _x_test, _y_train, _y_test = train_test_split(x, y)`, `data = [_x_train, ...]`.
"""

import ast

from .syntax import last_name


def with_divisions_unpacked(tree: ast.Module) -> ast.Module:
    """Changes the tree."""
    changed: ast.Module = _Unpacked().visit(tree)
    return ast.fix_missing_locations(changed)


class _Unpacked(ast.NodeTransformer):
    def visit_Assign(self, node: ast.Assign) -> ast.stmt | list[ast.stmt]:
        value = node.value
        if not isinstance(value, ast.Call) or last_name(value.func) != "train_test_split":
            return node
        is_kept = all(isinstance(target, ast.Name) for target in node.targets)
        if not is_kept or not value.args or any(isinstance(s, ast.Starred) for s in value.args):
            return node
        names = [
            f"_{last_name(source) or f'part_{place}'}_{part}"
            for place, source in enumerate(value.args)
            for part in ("train", "test")
        ]
        target = ast.Tuple([ast.Name(name, ast.Store()) for name in names], ast.Store())
        node.value = ast.List([ast.Name(name, ast.Load()) for name in names], ast.Load())
        return [ast.copy_location(ast.Assign([target], value), node), node]
