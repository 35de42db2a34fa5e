import csv

from headstart.training.history import Epoch, write_history


def test_history_is_a_table_with_a_row_for_each_epoch(tmp_path):
    epochs = [
        Epoch(
            epoch=i,
            seconds=60.5,
            size=48,
            learning_rate=0.1 / i,
            loss=3 / i,
            accuracy=i / 10,
            val_loss=2 / i,
        )
        for i in (1, 2)
    ]
    write_history(epochs, tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows[1] == {
        "epoch": "2",
        "seconds": "60.5",
        "size": "48",
        "learning_rate": "0.05",
        "loss": "1.5",
        "accuracy": "0.2",
        "val_loss": "1",
    }
    assert len(rows) == 2
