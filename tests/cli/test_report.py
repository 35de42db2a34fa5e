"""``headstart report``."""

from pathlib import Path

from headstart.cli.main import main


def test_it_prints_where_the_report_is(saved, photos, capsys):
    capsys.readouterr()
    assert main(["report", saved, str(photos)]) == 0
    path = Path(capsys.readouterr().out.strip())
    assert path == Path(f"{saved}.report.html")
    assert "18 of 18 right" in path.read_text("utf-8")


def test_what_people_do_wrong(saved, photos, tmp_path, capsys):
    assert main(["report", saved, str(photos), "--out", str(tmp_path / "x.txt")]) == 2
    assert "HTML file" in capsys.readouterr().err
    assert main(["report", str(photos), str(photos)]) == 1
    assert main(["report", saved, str(tmp_path / "nothing")]) == 1
