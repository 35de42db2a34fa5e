import subprocess
import sys
from pathlib import Path

from headstart import images

MODULES = sorted(path.stem for path in Path(images.__file__).parent.glob("[!_]*.py"))


def test_importing_all_modules_loads_no_optional_package():
    code = f"import sys, {', '.join(f'headstart.images.{name}' for name in MODULES)}\n"
    code += "print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    result = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert "PIL" in loaded
    optional = {"pydicom", "pillow_heif", "tifffile", "keras", "openvino", "sklearn", "matplotlib"}
    assert not loaded & optional
