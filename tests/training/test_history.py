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


def test_an_epoch_is_told_with_the_time_that_is_left():
    epoch = Epoch(
        epoch=3, seconds=10, size=96, learning_rate=1e-4, loss=0.7, accuracy=0.9, val_loss=0.3
    )
    assert epoch.described(120) == (
        "epoch 3: 90.0% right, loss 0.700, 96 px, 10 s; about 2 min left"
    )


def test_what_nobody_judged_is_not_called_right_or_wrong():
    epoch = Epoch(epoch=1, seconds=10, size=96, learning_rate=1e-4, loss=0.7, accuracy=float("nan"))
    assert epoch.described() == "epoch 1: loss 0.700, 96 px, 10 s"
