"""The tree of errors."""

import builtins
import inspect
import re

import pytest

from headstart import errors

CLASSES = {name: kind for name, kind in vars(errors).items() if inspect.isclass(kind)}


def drawn():
    """Yield name, parent and builtin base of each error, as the module's docstring draws them."""
    path = []
    for line in errors.__doc__.splitlines():
        found = re.match(r"^    ([│ ]*)(?:[├└]── )?([A-Z]\w+)(?: \((\w+)\))?(?:  |$)", line)
        if found:
            indent, name, base = found.groups()
            depth = len(indent) // 4 + ("──" in line)
            path = [*path[:depth], name]
            yield name, path[-2] if depth else None, base


def test_tree_shows_every_error():
    assert sorted(name for name, _, _ in drawn()) == sorted(CLASSES)


@pytest.mark.parametrize(("name", "parent", "base"), list(drawn()))
def test_error_stands_where_it_is_drawn(name, parent, base):
    expected = [CLASSES[parent]] if parent else [Exception]
    if base:
        expected.append(getattr(builtins, base))
    assert list(CLASSES[name].__bases__) == expected


def test_missing_extra_says_how_to_install_it():
    assert 'pip install ".[pandas]"' in str(errors.MissingExtra("Reading tables", "pandas"))
