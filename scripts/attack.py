"""Attack headstart for longer than the suite does: ``python scripts/attack.py [--rounds N]``.

Runs all of ``tests/attacks``, the slow ones too, with the Python that runs this script: kills, full
disks, forks, damaged files. ``--rounds`` makes N times as many attacks as the suite does,
``--seed`` repeats those of another run, ``--only`` makes those of one kind. Other arguments go to
pytest. What was attacked, how often, and what failed stands at the end.
"""

import argparse
import os
import random
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
ATTACKS = ROOT / "tests" / "attacks"


def main() -> int:
    """Run the attacks; return pytest's exit status."""
    kinds = sorted(path.stem.removeprefix("test_") for path in ATTACKS.glob("test_*.py"))
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, metavar="N", help="default: 10")
    parser.add_argument("--seed", type=int, help="default: another one every time")
    parser.add_argument("--only", choices=kinds, metavar="KIND", help=", ".join(kinds))
    options, pytest_arguments = parser.parse_known_args()
    seed = random.SystemRandom().randrange(2**31) if options.seed is None else options.seed
    again = f"--rounds {options.rounds} --seed {seed}"
    print(f"The same attacks again: python scripts/attack.py {again}", flush=True)
    environment = {
        **os.environ,
        "HEADSTART_ATTACK_ROUNDS": str(options.rounds),
        "HEADSTART_ATTACK_SEED": str(seed),
    }
    where = ATTACKS / f"test_{options.only}.py" if options.only else ATTACKS
    command = [sys.executable, "-m", "pytest", "-m", "not real_data"]
    command += [f"--randomly-seed={seed}", str(where), *pytest_arguments]
    return subprocess.run(command, cwd=ROOT, env=environment, check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
