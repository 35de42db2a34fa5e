"""The model card of a backbone, for anyone who finds its folder."""

from __future__ import annotations

import shlex
from dataclasses import fields
from typing import TYPE_CHECKING

from headstart.display.markdown import code, markdown
from headstart.display.text import duration, percent
from headstart.escaping import printable

if TYPE_CHECKING:
    from headstart.pretraining.plan import Job
    from headstart.pretraining.summary import PretrainingSummary

_CARD = """\
# {name}: a backbone to build on

A network of the architecture `{architecture}` ({parameters:.1f} million parameters, {macs:,.0f}
million multiply-accumulates for an image of {size}x{size}), trained from scratch on
{trained_on}: {n_train:,} images of {n_classes:,} classes.

Its accuracy on {n_validation:,} other images of the same dataset is {accuracy} (95 % interval:
{low} to {high}). The right class is among its five most probable ones for
{top5} of them. This was
measured with the files in this folder.

## How to use it

```sh
headstart train my-images/ --out my-model --model THIS_FOLDER
headstart predict photo.jpg --model THIS_FOLDER
```

It takes images from {least}x{least} to {most}x{most} pixels: RGB, 0 to 255. The scaling is inside.

## Limits

It was trained on small images of its classes and does not see details that are lost at {size}
pixels. Networks that were trained on larger images see more; `headstart models` lists some.

## How it was made

```sh
{command}
```

{recipe}

Licence of the weights: {license}.

## Files

`backbone.weights.h5` holds Keras's weights, with kernels in half precision. `backbone.json`
describes them. `history.csv` and `curves.png` show how the training went.
"""

# Flags that are not named like the setting.
_FLAGS = {"teacher_weight": "teacher-loss-weight"}


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
        trained_on=markdown(row.trained_on),
        n_train=summary.n_train,
        n_classes=len(evaluation.classes),
        n_validation=evaluation.n,
        accuracy=percent(evaluation.accuracy),
        low=percent(low),
        high=percent(high),
        # Up to five classes, every one is among the five most probable.
        top5=percent(1.0 if row.top5 is None else row.top5),
        least=row.min_size,
        most=row.max_size,
        command=command(job, row.name),
        recipe="\n".join(f"- {line}." for line in _recipe(job, summary)),
        license=markdown(row.license),
    )


def command(job: Job, name: str) -> str:
    """Return the command that does the same, with every setting, since defaults may change."""
    settings, views = job.settings, job.settings.augmentation
    words: list[object] = ["headstart", "pretrain", "DATASET", "--out", name]
    for field in fields(settings):
        value = getattr(settings, field.name)
        if field.name not in ("augmentation", "precision", "workers") and value is not None:
            words += [f"--{_FLAGS.get(field.name, field.name.replace('_', '-'))}", value]
    words += ["--precision", job.precision]
    words += ["--crop", views.crop[0], "--aspect", views.aspect]
    words += ["--rotation", views.rotation, "--colour", views.colour]
    words += ["--flip" if views.flip else "--no-flip"]
    words += ["--vertical-flip" if views.vertical_flip else "--no-vertical-flip"]
    if job.teacher is not None:
        words += ["--teacher", job.teacher.name, "--teacher-size", job.teacher.size[0]]
    # The name of a teacher comes from its folder.
    return printable(shlex.join(map(str, words)))


def _recipe(job: Job, summary: PretrainingSummary) -> list[str]:
    settings, schedule = job.settings, job.settings.schedule()
    lines = [
        (
            f"{settings.epochs} epochs of batches of {settings.batch_size}, with images from "
            f"{schedule.first_size} pixels at the start to {schedule.size} at the end"
        ),
        (
            f"SGD with Nesterov momentum {settings.momentum:g}, learning rate up to "
            f"{settings.learning_rate:g} and down to zero along a cosine, weight decay "
            f"{settings.weight_decay:g}, label smoothing {settings.label_smoothing:g}, mixup "
            f"{settings.mixup:g}, averaged weights"
        ),
        f"Views: {settings.augmentation.in_words()}",
        (
            "Accuracy on some of the validation images at several sizes: "
            + ", ".join(f"{percent(share)} at {size}" for size, share in summary.sizes.items())
        ),
        f"Computed in {job.precision}, in {duration(summary.seconds)} of training",
    ]
    if job.teacher is not None:
        size = job.teacher.size[0]
        lines.append(
            f"Besides the classes, it learnt to imitate the features of "
            f"{markdown(job.teacher.name)} at {size} pixels "
            f"(weights sha256 {code(job.teacher.weights_sha256)}). The images that this "
            "teacher was trained on may include the validation images"
        )
    return lines
