import pytest
from tests.recorder import Recorder

from headstart.errors import NotTested
from headstart.training.late_failures import saved_first

WORDS = ("The model is saved in m", "testing it", None, "Test it again.")


def test_any_error_says_what_is_saved_and_why_the_rest_failed():
    said = r"is saved in m and can be used, but testing it failed: no room Test it again\."
    with pytest.raises(NotTested, match=said), saved_first(*WORDS):
        raise OSError("no room")
    with pytest.raises(NotTested, match="failed: MemoryError Test"), saved_first(*WORDS):
        raise MemoryError


def test_an_interruption_stays_one_and_is_told():
    progress = Recorder()
    with pytest.raises(KeyboardInterrupt), saved_first(*WORDS[:2], progress, WORDS[3]):
        raise KeyboardInterrupt
    assert progress.said == ["The model is saved in m; testing it was interrupted. Test it again."]


def test_what_goes_well_passes():
    with saved_first(*WORDS):
        pass
