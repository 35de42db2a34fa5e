import pytest

from headstart.comparing.settings import ComparisonSettings
from headstart.errors import UsageError


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"heads": ()}, "heads must name at least one"),
        ({"resizes": ()}, "resizes must name at least one"),
        ({"heads": ("svm",)}, "svm"),
        ({"resizes": ("stretch",)}, "stretch"),
        ({"budget": 0.0}, "budget must be above 0"),
        ({"budget": float("nan")}, "budget must be a number"),
    ],
)
def test_what_can_not_be_compared_is_refused(wrong, named):
    with pytest.raises(UsageError, match=named):
        ComparisonSettings(**wrong)


def test_a_comparison_may_have_no_limit():
    assert ComparisonSettings(budget=None).budget is None
