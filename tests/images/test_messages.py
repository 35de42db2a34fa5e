from headstart.images import messages as kinds
from headstart.processes import messages


def test_no_two_messages_are_taken_for_one_another():
    named = [vars(module)[name] for module in (kinds, messages) for name in vars(module)]
    codes = [value for value in named if isinstance(value, bytes) and len(value) == 1]
    assert len(codes) == len(set(codes)) == 8
