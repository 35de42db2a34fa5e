import shlex
from pathlib import Path
from types import SimpleNamespace

from headstart.augmentation.settings import Augmentation
from headstart.cli import pretrain as cli
from headstart.cli.parser import CommandParser
from headstart.data.labelled_images import LabelledImages
from headstart.pretraining.card import command
from headstart.pretraining.plan import Job
from headstart.pretraining.settings import Pretraining

SETTINGS = Pretraining(
    size=96,
    first_size=32,
    epochs=7,
    batch_size=16,
    learning_rate=0.05,
    momentum=0.8,
    weight_decay=0.01,
    warm_up=0.2,
    label_smoothing=0.0,
    mixup=0.2,
    augmentation=Augmentation(crop=(0.5, 1), aspect=1.25, rotation=5, flip=0, colour=0.25),
    teacher_weight=2.5,
    precision="bf16",
    seed=3,
)


def job(settings, precision="bf16", teacher="resnet50"):
    nothing = LabelledImages([], [], [])
    teacher = SimpleNamespace(name=teacher, size=(160, 160), key="key", weights_sha256="f" * 64)
    return Job(
        settings=settings,
        train=nothing,
        validation=nothing,
        teacher=teacher,
        precision=precision,
        folder=Path("net.training"),
        trained_on="nothing",
        license="none",
        progress=None,
    )


def parsed(text):
    program, name, *words = shlex.split(text)
    assert (program, name) == ("headstart", "pretrain")
    return CommandParser(cli).parse_args(words)


def test_the_command_holds_every_setting():
    arguments = parsed(command(job(SETTINGS), "my net"))
    views = cli.VIEWS.settings(arguments)
    assert cli.PRETRAINING.settings(arguments, augmentation=views) == SETTINGS
    assert arguments.out == Path("my net")
    teacher = cli.TEACHER.settings(arguments)
    assert (teacher.backbone, teacher.size) == ("resnet50", (160, 160))


def test_the_name_of_a_teacher_stays_within_the_command():
    words = command(job(SETTINGS, teacher="net\n```\n<script>$(rm)"), "net")
    assert "\n" not in words
    assert cli.TEACHER.settings(parsed(words)).backbone == "net\\n```\\n<script>$(rm)"


def test_the_command_holds_the_precision_that_was_used():
    arguments = parsed(command(job(Pretraining(), precision="f32"), "net"))
    assert cli.PRETRAINING.settings(arguments).precision == "f32"
