"""``python -m headstart`` is the command ``headstart``."""

from headstart.cli.main import run

run()
