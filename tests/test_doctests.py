"""The examples in docstrings: those that need no files run, the others at least fit the code."""

import doctest
import importlib
import pkgutil

import pytest
from tests.examples import check_names_and_calls

import headstart

MODULES = [
    name
    for _, name, _ in pkgutil.walk_packages(headstart.__path__, "headstart.")
    if not name.endswith(".__main__")
]


def examples(name):
    """Return what `name` and everything in it show, one `doctest.DocTest` for each docstring."""
    finder = doctest.DocTestFinder(exclude_empty=True)
    module = importlib.import_module(name)
    return [test for test in finder.find(module, name) if test.examples]


@pytest.fixture(scope="module")
def found():
    return {name: tests for name in ["headstart", *MODULES] if (tests := examples(name))}


def skipped(example):
    return example.options.get(doctest.SKIP, False)


def test_examples_in_docstrings_do_what_they_show(found, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    runner = doctest.DocTestRunner(optionflags=doctest.NORMALIZE_WHITESPACE)
    report = []
    for tests in found.values():
        for test in tests:
            runner.run(test, out=report.append)
    assert runner.tries > len(found)
    assert not runner.failures, "".join(report)


def test_examples_that_do_not_run_fit_the_code(found):
    for tests in found.values():
        for test in tests:
            if any(map(skipped, test.examples)):
                check_names_and_calls("".join(example.source for example in test.examples))


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("import headstart as hs\nhs.nothing", "there is no hs.nothing"),
        ("import headstart as hs\nhs.predict('a.jpg', zop=3)", "zop"),
        ("from headstart import ImageClassifier\nImageClassifier(colour=1).fit()", "colour"),
    ],
)
def test_an_example_that_does_not_fit_is_found(source, message):
    with pytest.raises(AssertionError, match=message):
        check_names_and_calls(source)
