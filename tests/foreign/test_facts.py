"""What can be known of a network besides its graph."""

from headstart.foreign.facts import Facts
from headstart.networks.preprocessing import INSIDE, ZERO_TO_ONE


def test_what_is_known_counts_more_than_what_is_known_elsewhere():
    mine = Facts(preprocessing=INSIDE, antialias=False)
    other = Facts(preprocessing=ZERO_TO_ONE, antialias=True, size=(32, 48), license="MIT")
    both = Facts(preprocessing=INSIDE, antialias=False, size=(32, 48), license="MIT")
    assert mine.over(other) == both
    assert Facts().over(other) == other.over(Facts()) == other
