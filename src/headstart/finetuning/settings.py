"""How a network is fine-tuned."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

from headstart.augmentation.settings import Augmentation
from headstart.errors import UsageError
from headstart.finetuning.freezing import ALL, LAST_STAGE
from headstart.training.optimizers import LOSSES, OPTIMIZERS, check_known
from headstart.training.settings import Monitor, Schedule, require

if TYPE_CHECKING:
    from headstart.training.precision import Requested


@dataclass(frozen=True, slots=True, kw_only=True)
class FineTuning:
    """How a network is fine-tuned. Every value has a default that is right more often than not.

    Attributes
    ----------
    where : int or str
        The freeze point: 'last-stage' (what follows the last halving of height and width; most of
        the network is computed once, so that this is quick), 'all', the number of the first layer
        that learns (below zero: so many layers from the end), or the name of a layer or block. See
        `headstart.finetuning.freezing.first_to_learn`.
    epochs, batch_size : int
    optimizer : {'adam', 'adamw', 'rmsprop', 'sgd'}
    learning_rate : float
        The highest. It rises over the first steps (`warm_up`, a share of all), and falls to zero
        along a cosine.
    layer_decay : float
        By what the learning rate is multiplied from each layer to the one below it; 1: all the
        same.
    weight_decay : float or None
        Decoupled; None: Keras's own.
    loss : {'categorical_crossentropy', 'binary_crossentropy'}
    label_smoothing : float
        How much of each target is spread over all classes.
    dropout : float or None
        In front of the last layer; None: what the head was trained with, 0.5 for heads without
        layers of their own.
    augmentation : Augmentation
        What is done to a picture each time it is looked at.
    views : int
        How many views of each picture are kept at the freeze point, fewer if there is no room; with
        no augmentation, one. 0: none, and the whole network is run for each look, which is a new
        view; so it is where everything learns.
    size : int or None
        Height and width of the views, in pixels; None: those of the network. It is judged and used
        on whole pictures, in which things are smaller than in a view cut out of them: to learn from
        views somewhat smaller than the network's pictures evens that out, and takes less time
        (FixRes, Touvron et al. 2019, arXiv:1906.06423). Their last feature map must be as high and
        wide. Where each look is a new view only.
    mixup, cutmix : float
        See `headstart.augmentation.blending`.
    validation : float, int or None
        What decides about epochs, and which network is kept: a fraction of the pictures, kept out;
        or a number of folds, so that each picture is kept out once, and the final network learns
        from all. None: 5 folds of up to 2,000 pictures where not everything learns, else 0.1.
    patience : int or None
        It ends early when so many epochs in a row were no better; None: never. Not with folds.
    monitor : {'val_accuracy', 'val_loss'}
        By what an epoch is the best.
    wise_ft : float
        How much of the fine-tuned weights are in the result, the rest being those before: 1 all, 0
        none (WiSE-FT, Wortsman et al. 2021, arXiv:2109.01903).
    precision : {'auto', 'f32', 'bf16'}
        What is trained in.
    store_limit : int
        What the views may take at most on disk, in bytes.
    workers : int
        Threads that prepare pictures while the network trains.
    seed : int

    Raises
    ------
    UsageError
        If a value is out of its range.
    """

    where: int | str = LAST_STAGE
    epochs: int = 20
    batch_size: int = 32
    optimizer: str = "adam"
    learning_rate: float = 1e-4
    warm_up: float = 0.1
    layer_decay: float = 1.0
    weight_decay: float | None = None
    loss: str = "categorical_crossentropy"
    label_smoothing: float = 0.0
    dropout: float | None = None
    augmentation: Augmentation = field(default_factory=Augmentation.gentle)
    views: int = 8
    size: int | None = None
    mixup: float = 0.0
    cutmix: float = 0.0
    validation: float | int | None = None
    patience: int | None = None
    monitor: Monitor = "val_accuracy"
    wise_ft: float = 1.0
    precision: Requested = "auto"
    store_limit: int = 4 * 2**30
    workers: int = 1
    seed: int = 0

    def __post_init__(self) -> None:
        """Refuse what can't be trained by."""
        check_known("optimizer", self.optimizer, OPTIMIZERS)
        check_known("loss", self.loss, LOSSES)
        check_known("precision", self.precision, dict.fromkeys(("auto", "f32", "bf16")))
        for name in ("batch_size", "workers", "store_limit"):
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
            self.size is None or self.where == ALL or self.views == 0,
            "size needs each look to be a new view: where='all' (--fine-tune all), or views=0 "
            "(--views 0)",
            self.views,
        )
        require(0 <= self.wise_ft <= 1, "wise_ft must be from 0 to 1", self.wise_ft)
        require(
            _is_validation(self.validation),
            "validation must be a fraction between 0 and 1, or a number of folds from 2 on",
            self.validation,
        )
        self.schedule(32)  # refuses what it can't be made of

    @classmethod
    def of(cls, settings: dict[str, Any]) -> FineTuning:
        """Return a recipe with these settings.

        Raises
        ------
        UsageError
            If one is unknown, or out of its range.
        """
        known = [each.name for each in fields(cls)]
        for name in settings:
            if name not in known:
                raise UsageError(
                    f"Fine-tuning has the settings {', '.join(known)}. Received: {name!r}."
                )
        return cls(**settings)

    def schedule(self, size: int) -> Schedule:
        """Return how long it trains, and how fast, for a network that takes this size."""
        size = self.size or size
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
        """Views of each picture to keep, if there is room."""
        return 1 if self.augmentation.changes_nothing else self.views

    def described(self) -> dict[str, Any]:
        """Return what the result depends on, as JSON can hold it."""
        told = {each.name: getattr(self, each.name) for each in fields(self)}
        del told["workers"], told["store_limit"]
        return told | {"augmentation": self.augmentation.described()}


def _is_validation(value: float | int | None) -> bool:
    if value is None:
        return True
    if isinstance(value, int):
        return value >= 2 and not isinstance(value, bool)
    return 0 < value < 1
