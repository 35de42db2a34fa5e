"""The model card of a backbone: what it is, how it was made, for whoever finds its folder."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from headstart.display.text import duration

if TYPE_CHECKING:
    from headstart.pretraining.plan import Job
    from headstart.pretraining.summary import PretrainingSummary

_CARD = """\
# {name}: a backbone to build on

A network of the architecture `{architecture}` ({parameters:.1f} million parameters, {macs:,.0f}
million multiply-accumulates for an image of {size}x{size}), trained from scratch on {trained_on}:
{n_train:,} pictures of {n_classes:,} kinds.

On {n_valid:,} other pictures of the same data set, one view each, it is right {accuracy:.1%} of the
time (95 % interval: {low:.1%} to {high:.1%}); the right kind is among its first five {top5:.1%} of
the time. This was measured on the files in this folder.

## How to use it

```sh
headstart train my-pictures/ --out my-model --model THIS_FOLDER
headstart predict photo.jpg --model THIS_FOLDER
```

Pictures from {least}x{least} to {most}x{most} pixels can be asked for. RGB, 0 to 255; the scaling
is inside.

## What it can't do

It has seen small pictures of everyday things. Fine detail, which is not there at {size} pixels,
passes it by; networks trained on larger pictures, which `headstart models` lists, see more.

## How it was made

```sh
{command}
```

{recipe}

Licence of the weights: {license}.

## The files

`backbone.weights.h5` are Keras's weights, kernels in half precision; `backbone.json` says what they
are. `history.csv` and `curves.png` show how the training went.
"""


def model_card(job: Job, summary: PretrainingSummary) -> str:
    """Return the text of ``README.md``."""
    row, evaluation = summary.backbone, summary.evaluation
    low, high = evaluation.interval
    return _CARD.format(
        name=row.name,
        architecture=row.builder,
        parameters=row.parameters / 1e6,
        macs=row.macs / 1e6,
        size=row.size[0],
        trained_on=row.trained_on,
        n_train=summary.n_train,
        n_classes=len(evaluation.classes),
        n_valid=evaluation.n,
        accuracy=evaluation.accuracy,
        low=low,
        high=high,
        top5=row.top5,
        least=row.min_size,
        most=row.max_size,
        command=command(job, row.name),
        recipe="\n".join(f"- {line}." for line in _recipe(job, summary)),
        license=row.license,
    )


def command(job: Job, name: str) -> str:
    """Return the command that does the job, with every setting said: defaults may change."""
    settings, views = job.settings, job.settings.augmentation
    words = [
        *("headstart", "pretrain", "DATASET", "--out", name),
        *("--architecture", settings.architecture, "--size", settings.size),
        *("--epochs", settings.epochs, "--batch-size", settings.batch_size),
        *("--learning-rate", settings.learning_rate),
        *("--label-smoothing", settings.label_smoothing, "--mixup", settings.mixup),
        *("--aspect", views.aspect, "--rotation", views.rotation),
        *("--crop", views.crop[0], "--colour", views.colour),
        *("--precision", job.precision, "--seed", settings.seed),
    ]
    if not views.flip:
        words += ["--no-flip"]
    if views.vertical_flip:
        words += ["--vertical-flip"]
    if job.teacher is not None:
        words += ["--teacher", job.teacher.name, "--teacher-size", job.teacher.size[0]]
    return shlex.join(map(str, words))


def _recipe(job: Job, summary: PretrainingSummary) -> list[str]:
    recipe, schedule = job.settings, job.settings.schedule()
    lines = [
        (
            f"{recipe.epochs} epochs of batches of {recipe.batch_size}, images from "
            f"{schedule.first_size} pixels at first to {recipe.size} at the end"
        ),
        (
            f"SGD with Nesterov momentum {recipe.momentum:g}, learning rate up to "
            f"{recipe.learning_rate:g} and down to zero along a cosine, weight decay "
            f"{recipe.weight_decay:g}, label smoothing {recipe.label_smoothing:g}, mixup "
            f"{recipe.mixup:g}, averaged weights"
        ),
        f"Views: {recipe.augmentation.in_words()}",
        (
            "Looked at afterwards at several sizes, on some of the validation pictures: "
            + ", ".join(f"{share:.1%} right at {size}" for size, share in summary.sizes.items())
        ),
        f"Computed in {job.precision}, in {duration(summary.seconds)} of training",
    ]
    if job.teacher is not None:
        size = job.teacher.size[0]
        lines.append(
            f"Beside the classes it imitates the features of {job.teacher.name} at {size} pixels "
            f"(weights sha256 `{job.teacher.weights_sha256}`); whatever that network was trained "
            "on, it may have seen the validation pictures"
        )
    return lines
