import subprocess
import sys

from headstart import data


def test_all_is_sorted_and_there():
    assert data.__all__ == sorted(data.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(data, name) for name in data.__all__)


def test_importing_the_room_loads_no_optional_package():
    code = "import sys, headstart.data; print(*sorted({n.partition('.')[0] for n in sys.modules}))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert "PIL" in loaded
    assert not loaded & {"pyarrow", "pandas", "keras", "openvino", "sklearn", "matplotlib"}
