"""How a network is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Annotated, Any

from headstart.arguments import Means, Positive, Seed, check_fields
from headstart.augmentation.settings import Augmentation
from headstart.features.settings import FloatPrecisionRule  # noqa: TC001 - flags are made of it
from headstart.training.freezing import ALL, LAST_STAGE
from headstart.training.schedule import Schedule
from headstart.training.settings import (
    LossName,
    Monitor,
    OptimizerName,
    require,
)

_VALIDATION = Means("a share between 0 and 1, or a number of folds from 2 on, or None")


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """How a network is fine-tuned. The defaults suit most problems.

    Parameters
    ----------
    where : int or str, default="last-stage"
        The freeze point, which is the first layer that learns. "last-stage" starts after the last
        halving of height and width; this is quick, because the layers below are computed only once.
        "all" trains every layer. A number is the number of a layer, and below zero counts from the
        end. Any other text is the name of a layer or block.
    epochs : int, default=20
        How often the network sees each image.
    batch_size : int, default=32
        The number of images in each training step.
    optimizer : {"adam", "adamw", "rmsprop", "sgd"}, default="adam"
        The optimizer. "sgd" has Nesterov momentum of 0.9.
    learning_rate : float, default=0.0001
        The highest learning rate. It rises during the warm-up, then falls to zero along a cosine.
    warm_up : float, default=0.1
        The share of all steps in which the learning rate rises.
    layer_decay : float, default=1.0
        The factor on the learning rate from each layer to the one below it. Below 1, layers near
        the image learn more slowly than layers near the head.
    weight_decay : float, optional
        The decoupled weight decay. The default is Keras's own: 0.004 for "adamw", none for the
        other optimizers.
    loss : {"categorical_crossentropy", "binary_crossentropy"}, default="categorical_crossentropy"
        The loss. "binary_crossentropy" treats each class as a separate yes-or-no question.
    label_smoothing : float, default=0.0
        The share of each target that is spread over all classes.
    dropout : float, optional
        The share of the inputs of the last layer that is dropped in training. The default is the
        dropout of a dense head, and 0.5 for the other heads.
    augmentation : Augmentation
        The random changes made to training images. The default changes little.
    views : int, default=8
        How many views of each image are kept. They are random, and kept as they are at the freeze
        point. There are fewer if disk space is short, and one if there is no augmentation. 0 keeps
        none: the whole network then runs in every step, on a new view each time, as it does when
        every layer learns.
    view_size : int, optional
        Height and width of the training views in pixels, at most those of the network. Things look
        larger in a view cut out of an image than in the whole image that the network predicts from;
        views somewhat smaller than the network's images even that out and take less time (FixRes,
        Touvron et al. 2019, arXiv:1906.06423). Their last feature map must be as high and wide as
        the network's. Needs where="all" or views=0. The default is the network's own size.
    mixup : float, default=0.0
        How strongly to blend pairs of images: 0 not at all, 0.2 a little, 1 strongly. See
        `headstart.augmentation.blending.mixup`.
    cutmix : float, default=0.0
        How strongly to paste parts of images into each other: 0 not at all, 1 strongly. See
        `headstart.augmentation.blending.cutmix`.
    validation : float or int, optional
        The share of the training images kept as validation set, or a number of folds. The
        validation set decides which epoch is the best, and whether the fine-tuned network is kept.
        With folds, each image is in a validation set once, and the final network learns from all
        images. The default is 5 folds for up to 2,000 images where the lower layers are frozen,
        else 0.1.
    patience : int, optional
        Training ends after this many epochs in a row without improvement. The default is to
        train all epochs. Folds always do.
    monitor : {"val_accuracy", "val_loss"}, default="val_accuracy"
        The measure that decides which epoch is the best: accuracy or loss on the validation set.
        Among equal accuracies the lower loss decides.
    wise_ft : float, default=1.0
        The share of the fine-tuned weights in the result. The rest is the weights from before
        (WiSE-FT, Wortsman et al. 2021, arXiv:2109.01903).
    precision : {"auto", "f32", "bf16"}, default="auto"
        What training computes in. "auto" takes bfloat16 on a GPU or TPU that has it.
    store_limit : int, default=4294967296
        The most bytes that the kept views may take on disk.
    workers : int, optional
        How many batches of views are prepared at the same time while the network trains. The
        default is one where there are up to 4 processor cores, else one for each core.
    seed : int, default=0
        The seed of the split, the views and the order of the images.

    Raises
    ------
    UsageError
        If a value is out of its range.
    """

    where: int | str = LAST_STAGE
    epochs: int = 20
    batch_size: int = 32
    optimizer: OptimizerName = "adam"
    learning_rate: float = 1e-4
    warm_up: float = 0.1
    layer_decay: float = 1.0
    weight_decay: float | None = None
    loss: LossName = "categorical_crossentropy"
    label_smoothing: float = 0.0
    dropout: float | None = None
    augmentation: Augmentation = field(default_factory=Augmentation.gentle)
    views: int = 8
    view_size: Positive | None = None
    mixup: float = 0.0
    cutmix: float = 0.0
    validation: Annotated[float | int | None, _VALIDATION] = None
    patience: int | None = None
    monitor: Monitor = "val_accuracy"
    wise_ft: float = 1.0
    precision: FloatPrecisionRule = "auto"
    store_limit: int = 4 * 2**30
    workers: Positive | None = None
    seed: Seed = 0

    def __post_init__(self) -> None:
        """Refuse values that no training can use."""
        check_fields(self)
        for name in ("batch_size", "store_limit"):
            require(getattr(self, name) >= 1, f"{name} must be at least 1", getattr(self, name))
        for name in ("views", "mixup", "cutmix"):
            require(getattr(self, name) >= 0, f"{name} must be 0 or more", getattr(self, name))
        for name in ("label_smoothing", "dropout"):
            value = getattr(self, name) or 0.0
            require(0 <= value < 1, f"{name} must be from 0 to below 1", value)
        require(
            0 < self.layer_decay <= 1, "layer_decay must be above 0, at most 1", self.layer_decay
        )
        require(
            self.view_size is None or self.where == ALL or self.views == 0,
            "view_size needs a new view in every step: where='all' (--fine-tune all), or views=0 "
            "(--views 0)",
            self.views,
        )
        require(0 <= self.wise_ft <= 1, "wise_ft must be from 0 to 1", self.wise_ft)
        require(
            _is_validation(self.validation),
            "validation must be a share between 0 and 1, or a number of folds from 2 on",
            self.validation,
        )
        self.schedule(32)  # checks epochs, learning_rate, warm_up, patience

    def schedule(self, size: int) -> Schedule:
        """Return the schedule for a network that takes images of this size."""
        size = self.view_size or size
        return Schedule(
            epochs=self.epochs,
            learning_rate=self.learning_rate,
            size=size,
            first_size=size,
            warm_up=self.warm_up,
            patience=self.patience,
            monitor=self.monitor,
            anchor=1 - self.wise_ft,
        )

    @property
    def wanted_views(self) -> int:
        """Views of each image to keep, if there is room."""
        return 1 if self.augmentation.changes_nothing else self.views

    def described(self) -> dict[str, Any]:
        """Return the settings that the result depends on, in JSON's types."""
        settings = {each.name: getattr(self, each.name) for each in fields(self)}
        del settings["workers"], settings["store_limit"]
        return settings | {"augmentation": self.augmentation.described()}


def _is_validation(value: float | int | None) -> bool:
    if value is None:
        return True
    if isinstance(value, int):
        return value >= 2 and not isinstance(value, bool)
    return 0 < value < 1
