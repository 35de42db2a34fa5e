from dataclasses import dataclass
from typing import Literal

import pytest

from headstart.errors import UsageError
from headstart.training.settings import check_choices, require


@dataclass
class Settings:
    colour: Literal["red", "blue"] = "red"
    size: int = 3


def test_a_setting_that_does_not_hold_is_refused():
    require(True, "size must be above 0", 3)
    with pytest.raises(UsageError, match=r"^size must be above 0\. Received: -3\.$"):
        require(False, "size must be above 0", -3)


def test_a_value_that_is_no_choice_is_refused():
    check_choices(Settings("blue"))
    with pytest.raises(UsageError, match=r"colour must be one of red, blue\. Received: 'green'"):
        check_choices(Settings("green"))
