"""A progress that remembers what it was shown."""

import contextlib


class Recorder:
    """`bars` holds [what, total, unit, done] of each bar, `said` the messages."""

    def __init__(self):
        self.bars = []
        self.said = []

    @contextlib.contextmanager
    def bar(self, what, total, *, unit="image"):
        bar = [what, total, unit, 0]
        self.bars.append(bar)

        def advance(n):
            bar[3] += n

        yield advance

    def say(self, message):
        self.said.append(message)
