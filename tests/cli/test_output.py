"""A report for people, JSON for programs."""

import json

import pytest

from headstart.cli.output import print_json, print_result


class Result:
    def to_dict(self):
        return {"label": "größe"}

    def __str__(self):
        return "All is well."


@pytest.mark.parametrize(
    ("watched", "as_json", "out", "err"),
    [
        (True, False, "All is well.\n", ""),
        (True, True, '{"label": "größe"}\n', ""),
        (False, False, '{"label": "größe"}\n', "All is well.\n"),
        (False, True, '{"label": "größe"}\n', ""),
    ],
)
def test_who_reads_what(capsys, monkeypatch, watched, as_json, out, err):
    monkeypatch.setattr("sys.stdout.isatty", lambda: watched)
    print_result(Result(), as_json=as_json)
    assert capsys.readouterr() == (out, err)


def test_json_is_one_line(capsys):
    print_json({"text": "two\nlines"})
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line) == {"text": "two\nlines"}
