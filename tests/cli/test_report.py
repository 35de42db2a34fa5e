"""``headstart report``."""

import io
from pathlib import Path

from PIL import Image

from headstart.cli.main import main


def test_it_prints_where_the_report_is(saved, photos, capsys):
    capsys.readouterr()
    assert main(["report", saved, str(photos)]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == Path(f"{saved}.report.html")
    assert "18 of 18 right" in path.read_text("utf-8")


def test_it_takes_the_questions_of_evaluate(saved, photos, tmp_path, capsys):
    out = tmp_path / "r.html"
    asked = ["--check", "--by", "{group}/*", "--at-precision", "0.9", "--out", str(out)]
    assert main(["report", saved, str(photos), *asked]) == 0
    text = out.read_text("utf-8")
    for title in ("Check of the data", "Parts of the images", "Thresholds"):
        assert f">{title}</h2>" in text
    capsys.readouterr()
    assert main(["report", saved, str(photos), "--at-recall", "0.9", *asked]) == 2
    assert "Received: recall 0.9, precision 0.9" in capsys.readouterr().err


def test_an_image_that_is_cut_short_is_shown_where_it_is_accepted(saved, photos, tmp_path, capsys):
    file = io.BytesIO()
    Image.open(photos / "red" / "0.png").resize((400, 400)).save(file, "JPEG")
    (photos / "blue" / "cut.jpg").write_bytes(file.getvalue()[:-100])
    out = tmp_path / "r.html"
    words = ["report", saved, str(photos), "--check", "--out", str(out)]
    assert main(words) == 0
    assert "18 of 18 right" in out.read_text("utf-8")
    assert main([*words, "--accept-truncated"]) == 0
    text = out.read_text("utf-8")
    assert "18 of 19 right" in text
    assert "There are no heat maps" not in text
    capsys.readouterr()


def test_what_people_do_wrong(saved, photos, tmp_path, capsys):
    assert main(["report", saved, str(photos), "--out", str(tmp_path / "x.txt")]) == 2
    assert "HTML file" in capsys.readouterr().err
    assert main(["report", str(photos), str(photos)]) == 1
    assert main(["report", saved, str(tmp_path / "nothing")]) == 1
