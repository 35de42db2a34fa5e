import pytest

from headstart.errors import UsageError
from headstart.training.settings import require


def test_a_setting_that_does_not_hold_is_refused():
    require(True, "size must be above 0", 3)
    with pytest.raises(UsageError, match=r"^size must be above 0\. Received: -3\.$"):
        require(False, "size must be above 0", -3)
