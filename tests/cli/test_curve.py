"""``headstart curve``."""

import json

import numpy as np
from PIL import Image

from headstart.cli.main import main


def test_the_curve_is_printed_and_drawn(backbone, tmp_path, capsys):
    random = np.random.default_rng(0)
    for colour, shade in {"dark": 40, "light": 200}.items():
        (tmp_path / "photos" / colour).mkdir(parents=True)
        for number in range(12):
            pixels = np.clip(shade + random.normal(0, 20, (32, 32, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(tmp_path / "photos" / colour / f"{number}.png")
    words = ["curve", str(tmp_path / "photos"), "--model", backbone]
    assert main([*words, "--plot", str(tmp_path / "curve.png")]) == 0
    assert "as many images would" in capsys.readouterr().out
    assert (tmp_path / "curve.png").stat().st_size > 1000
    assert main([*words, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n"] == 24
    assert main([*words, "--plot", str(tmp_path / "curve.gif")]) == 2
    assert main([*words, "--plot", str(tmp_path / "photos" / "curve.png")]) == 2
