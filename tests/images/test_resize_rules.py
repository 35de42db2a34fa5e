"""Each rule has its name, its words and its function."""

from typing import get_args

from headstart.images import resizing
from headstart.images.resize_rules import IN_WORDS, Rule


def test_every_rule_is_described_and_done():
    assert get_args(Rule) == tuple(IN_WORDS) == tuple(resizing._RULES)
