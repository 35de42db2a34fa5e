r"""Measure how often fine-tuning keeps a network that is worse than the frozen one.

    python benchmarks/keeping.py --dataset vehicles/ --model mini --train 90 --seeds 9 \
        --learning-rate 1e-3 --out keeping.jsonl

For each seed, some images of a dataset are trained on and the others judge: both networks predict
them, whichever is kept. Two rules decide on the same validation images: that of headstart, and the
one that it had before (the epoch is the best on the compared images, and one more right image is
enough). Appends a line of JSON for each seed, and prints the counts over all lines of the file.
"""

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import headstart as hs
from headstart.data.datasets import read_dataset
from headstart.data.splits import stratified_split
from headstart.evaluation import measure
from headstart.finetuning import job
from headstart.finetuning.comparison import Comparison
from headstart.finetuning.cross_validation import FoldTraining, Validated
from headstart.finetuning.plan import Plan

MOST_TESTED = 1200


class Observed(FoldTraining):
    """Remembers what the rules decide on."""

    plan: Plan
    validated: Validated
    before: Any

    def _chosen_elsewhere(self, history: Any, tuned: Any, groups: Any) -> Any:
        Observed.plan = self._plan
        Observed.before = tuned[self._best(history) - 1]
        return super()._chosen_elsewhere(history, tuned, groups)

    def cross_validate(self) -> Validated:
        """Train and predict as always."""
        Observed.validated = super().cross_validate()
        return Observed.validated


def main() -> None:
    """Measure each seed, append it, and print the counts."""
    options = _options()
    rule = Comparison.keeps_tuned
    Comparison.keeps_tuned = property(lambda _: True)  # type: ignore[assignment]
    job.FoldTraining = Observed  # type: ignore[misc]
    images = read_dataset(options.dataset)
    for seed in range(options.seeds):
        found = _one(options, images, seed, rule)
        with options.out.open("a", encoding="utf-8") as file:
            file.write(json.dumps(found) + "\n")
    print(summary([json.loads(line) for line in options.out.read_text("utf-8").splitlines()]))


def _one(options: argparse.Namespace, images: Any, seed: int, rule: Any) -> dict[str, Any]:
    pool = images if images.split is None else images.part("train")
    rest, chosen = stratified_split(pool.labels, options.train, seed)
    _, judges = stratified_split([pool.labels[row] for row in rest], _judges(len(rest)), 0)
    tested = pool.subset(rest[judges])
    training = pool.subset(chosen)
    settings = hs.FineTuning(
        epochs=options.epochs,
        views=options.views,
        validation=options.validation,
        learning_rate=options.learning_rate,
        seed=seed,
    )
    classifier = hs.ImageClassifier(options.model, random_state=seed)
    tuned = hs.fine_tune(classifier, training.sources, training.labels, settings)
    networks = [
        measure(each.predictor_, tested.sources, tested.labels)
        for each in (Observed.plan.frozen, tuned)
    ]
    now = Comparison.of(Observed.validated.frozen, Observed.validated.tuned)
    before = Comparison.of(Observed.validated.frozen, Observed.before)
    return {
        **{name: str(value) for name, value in vars(options).items()},
        "seed": seed,
        "kept": bool(rule.fget(now)),
        "kept_before": before.only_tuned > before.only_frozen,
        "comparison": asdict(now),
        "accuracy": [each.accuracy for each in networks],
        "log_loss": [each.log_loss for each in networks],
    }


def _judges(n: int) -> float | int:
    return MOST_TESTED if n > MOST_TESTED else n - 1


def summary(lines: list[dict[str, Any]]) -> str:
    """Return how often each rule kept the fine-tuned network, and how often it was worse."""
    texts = []
    for rule in ("kept_before", "kept"):
        kept = [line for line in lines if line[rule]]
        worse = sum(line["log_loss"][1] > line["log_loss"][0] for line in kept)
        less = sum(line["accuracy"][1] < line["accuracy"][0] for line in kept)
        texts.append(
            f"{rule}: {len(kept)} of {len(lines)}; with a higher log loss on the other images: "
            f"{worse}; with a lower accuracy: {less}"
        )
    return "\n".join(texts)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--dataset", type=Path, required=True)
    parser.add_argument("--model", default="mini")
    parser.add_argument("--train", type=int, required=True, help="images to train on")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=10)
    parser.add_argument("--views", type=int, default=4)
    parser.add_argument("--validation", type=float, default=None, help="default: five folds")
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--out", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
