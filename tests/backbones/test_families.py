"""Families of networks."""

import pytest

from headstart.backbones import families
from headstart.backbones.rows import ROWS

FAMILIES = list(families.FAMILIES.values())


def test_names_are_unique():
    assert len(families.FAMILIES) == len(families._FAMILIES)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_members_share_its_facts(family):
    members = [row for row in ROWS if row.family == family.name]
    assert members
    for row in members:
        assert row.preprocessing == family.preprocessing
        assert (row.license, row.source) == (family.license, family.source)
        assert row.min_size == family.min_size
        assert row.weights.url.startswith(family.weights)


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_addresses_are_folders(family):
    assert family.weights.startswith("https://storage.googleapis.com/")
    assert family.weights.endswith("/")
