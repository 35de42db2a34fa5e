"""The names of the ways to make prediction sets; `headstart.prediction.conformal` has the ways."""

from typing import Literal

#: How the classes of a prediction set are chosen.
SetMethod = Literal["lac", "raps"]
