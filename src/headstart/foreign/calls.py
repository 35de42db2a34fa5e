"""Functions in a stranger's network that call each other.

A front end writes each out where it is called. It would never end, or take all memory, where they
call themselves or double at each step.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from graphlib import CycleError, TopologicalSorter
from typing import TYPE_CHECKING

from headstart.escaping import quoted

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Nodes of a network with all functions written out, and functions inside each other.
MAX_NODES = 1_000_000
MAX_DEPTH = 100


@dataclass(slots=True)
class Body:
    """What a function consists of.

    Attributes
    ----------
    n_nodes : int
        How many nodes it has.
    calls : list of str
        The functions that it calls, each as often as it does.
    """

    n_nodes: int = 0
    calls: list[str] = field(default_factory=list)


def check_calls(bodies: Mapping[str, Body]) -> None:
    """Check that no function calls itself, and that they are short when they are written out.

    Parameters
    ----------
    bodies : mapping of str to Body
        Functions by their names. Calls of other names are operations.

    Raises
    ------
    ValueError
        If one does, also through others, or if they become more than `MAX_NODES` nodes, or are
        more than `MAX_DEPTH` deep inside each other.
    """
    calls = {name: [each for each in body.calls if each in bodies] for name, body in bodies.items()}
    try:
        order = list(TopologicalSorter(calls).static_order())
    except CycleError as error:
        raise ValueError(f"the function {quoted(error.args[1][0])}, which calls itself") from error
    sizes: dict[str, int] = {}
    depths: dict[str, int] = {}
    for name in order:
        sizes[name] = bodies[name].n_nodes + sum(sizes[each] for each in calls[name])
        depths[name] = 1 + max((depths[each] for each in calls[name]), default=0)
        if sizes[name] > MAX_NODES:
            raise ValueError(
                f"the function {quoted(name)}, which becomes more than {MAX_NODES:,} nodes"
            )
        if depths[name] > MAX_DEPTH:
            raise ValueError(f"functions more than {MAX_DEPTH} deep inside each other")
