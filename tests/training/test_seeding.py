import random

from headstart.training.seeding import seeded


def test_draws_repeat_and_the_users_generator_goes_on_as_before():
    before = random.getstate()
    with seeded(3):
        first = random.random()
    with seeded(3):
        assert random.random() == first
    assert random.getstate() == before
