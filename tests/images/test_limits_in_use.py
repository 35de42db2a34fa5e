import json

import pytest

from headstart.images import bounded_file, in_flight, limits, opening, sources
from headstart.images.limits_in_use import limits_in_use, set_limits


def test_the_limits_that_the_documents_name_are_among_them():
    found = limits_in_use()
    assert found["headstart.images.limits"]["MAX_PIXELS"] == limits.MAX_PIXELS
    assert found["headstart.images.sources"]["MAX_BYTES"] == sources.MAX_BYTES
    assert found["headstart.images.in_flight"]["PIXELS_IN_FLIGHT"] == in_flight.PIXELS_IN_FLIGHT
    assert found["headstart.images.opening"]["MAX_TEXT"] == opening.MAX_TEXT
    steps = found["headstart.images.bounded_file.BoundedFile"]
    assert steps == {"most_reads": bounded_file.BoundedFile.most_reads}
    assert found["headstart.images.opening._RunLengths"] == {"most_reads": 4_000_000}


def test_they_can_be_sent_as_json():
    assert json.loads(json.dumps(limits_in_use())) == limits_in_use()


def test_what_a_program_has_changed_holds_where_it_is_set(monkeypatch):
    before = limits_in_use()
    monkeypatch.setattr(limits, "MAX_PIXELS", 5)
    monkeypatch.setattr(bounded_file.BoundedFile, "most_reads", 6)
    changed = limits_in_use()
    set_limits(before)
    assert limits_in_use() == before
    set_limits(changed)
    assert (limits.MAX_PIXELS, bounded_file.BoundedFile.most_reads) == (5, 6)


@pytest.mark.parametrize("name", ["os", "headstart.images.nothing", "headstart.errors"])
def test_other_modules_are_left_alone(name):
    before = limits_in_use()
    set_limits({name: {"MAX_PIXELS": 7}})
    assert limits_in_use() == before
