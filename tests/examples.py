"""Checks examples that can't run here: every name exists, and every call fits its function."""

import ast
import builtins
import importlib
import inspect


def check_names_and_calls(source):
    """Raise AssertionError for what `source` takes from headstart, but headstart does not have.

    Only names that are imported in `source` itself are followed: ``hs.predict(...)`` after ``import
    headstart as hs``. What a call returns is not known without running it.
    """
    tree = ast.parse(source)
    known = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            known |= _imported(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            _resolve(node, known)
        elif isinstance(node, ast.Call):
            _check_call(node, known)


def _imported(node):
    if isinstance(node, ast.ImportFrom):
        module = importlib.import_module(node.module)
        return {name.asname or name.name: _part(module, name.name) for name in node.names}
    return {
        name.asname or name.name.partition(".")[0]: importlib.import_module(
            name.name if name.asname else name.name.partition(".")[0]
        )
        for name in node.names
    }


def _part(module, name):
    """Return what a module has under a name; a module within a package may not be imported yet."""
    if not hasattr(module, name):
        importlib.import_module(f"{module.__name__}.{name}")
    return getattr(module, name)


def _resolve(node, known):
    """Return the object that `node` names, or None where it depends on what a call returns."""
    if isinstance(node, ast.Name):
        return known.get(node.id, getattr(builtins, node.id, None))
    if isinstance(node, ast.Attribute):
        owner = _resolve(node.value, known)
        if owner is None:
            return None
        assert hasattr(owner, node.attr), f"there is no {ast.unparse(node)}"
        return getattr(owner, node.attr)
    return None


def _check_call(node, known):
    function = _resolve(node.func, known)
    if function is None or any(isinstance(argument, ast.Starred) for argument in node.args):
        return
    try:
        signature = inspect.signature(function)
    except ValueError:  # some built-in functions tell no signature
        return
    named = {keyword.arg: None for keyword in node.keywords if keyword.arg}
    try:
        signature.bind(*(None for _ in node.args), **named)
    except TypeError as error:
        raise AssertionError(f"{ast.unparse(node)}: {error}") from error
