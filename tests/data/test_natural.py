import random

from hypothesis import given
from hypothesis import strategies as st

from headstart.data.natural import natural_key


def test_numbers_are_compared_by_value():
    names = ["1.jpg", "2.jpg", "10.jpg", "010.jpg", "a1b2", "a1b10", "A2", "a10", "b"]
    expected = ["1.jpg", "2.jpg", "010.jpg", "10.jpg", "a1b2", "a1b10", "A2", "a10", "b"]
    shuffled = random.Random(0).sample(names, len(names))
    assert sorted(shuffled, key=natural_key) == expected


@given(st.lists(st.text(max_size=12), max_size=12), st.randoms())
def test_the_order_does_not_depend_on_the_original_order(names, source):
    shuffled = list(names)
    source.shuffle(shuffled)
    assert sorted(shuffled, key=natural_key) == sorted(names, key=natural_key)
