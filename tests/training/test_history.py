import csv

from headstart.training.history import Epoch, write_history


def epoch(number, **figures):
    usual = {"seconds": 10, "size": 96, "learning_rate": 1e-4, "loss": 0.7, "accuracy": 0.8}
    return Epoch(epoch=number, **usual | figures)


def test_the_history_is_a_table_with_a_row_for_each_epoch(tmp_path):
    epochs = [epoch(1), epoch(2, seconds=60.5, loss=1.5, val_loss=1.0, val_accuracy=0.25)]
    write_history(epochs, tmp_path / "history.csv")
    with (tmp_path / "history.csv").open(encoding="utf-8", newline="") as file:
        first, second = csv.DictReader(file)
    assert second == {
        "epoch": "2",
        "seconds": "60.5",
        "size": "96",
        "learning_rate": "0.0001",
        "loss": "1.5",
        "accuracy": "0.8",
        "val_loss": "1",
        "val_accuracy": "0.25",
    }
    assert first["val_loss"] == "nan"


def test_an_epoch_is_described_with_the_time_that_is_left():
    described = epoch(3, val_accuracy=0.9, val_loss=0.3).described(120)
    assert described == "epoch 3: 90.0 % right, loss 0.700, 96 px, 10 s; about 2 min left"


def test_an_epoch_without_validation_is_described_by_its_loss():
    assert epoch(1).described() == "epoch 1: loss 0.700, 96 px, 10 s"
