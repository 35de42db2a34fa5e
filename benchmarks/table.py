"""Write the figures as Markdown."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from finding import Finding


def render(machine: dict[str, Any], findings: dict[str, list[Finding]]) -> str:
    """Return the machine and one table for each group, as Markdown."""
    return "\n".join([*_machine(machine), *_tables(findings)]) + "\n"


def publish(name: str, title: str, machine: dict[str, Any], found: list[Finding], out: Path) -> int:
    """Write ``NAME.json`` and ``NAME.md`` into `out`, print it; return 1 if a goal was missed."""
    text = render(machine, {title: found})
    out.mkdir(parents=True, exist_ok=True)
    record = {"machine": machine, "measures": [row.to_dict() for row in found]}
    (out / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n")
    (out / f"{name}.md").write_text(text)
    print(text)
    return int(any(row.reached is False for row in found))


def _machine(machine: dict[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    instructions = ", ".join(machine["instructions"])
    yield f"{machine['processor']} ({instructions}), {machine['cores']} cores,"
    yield f"{machine['memory']} of memory, {machine['system']}."
    yield f"Python {machine['python']}, {versions}."
    yield f"headstart {machine['commit']}. Load before the start: {machine['load_before']:.2f}."


def _tables(findings: dict[str, list[Finding]]) -> Iterator[str]:
    for group, rows in findings.items():
        yield from ("", f"### {group}", "", "| | median | lowest to highest | goal | reached |")
        yield "|---|--:|--:|--:|---|"
        yield from map(_row, rows)


def _row(row: Finding) -> str:
    spread = f"{_number(min(row.runs))} to {_number(max(row.runs))}" if len(row.runs) > 1 else ""
    median = f"{_number(row.median)} {row.unit}".strip()
    return f"| {row.what} | {median} | {spread} | {_goal(row)} | {_reached(row)} |"


def _goal(row: Finding) -> str:
    if row.at_least is not None:
        return f"≥ {_number(row.at_least)}"
    return "" if row.at_most is None else f"≤ {_number(row.at_most)}"


def _reached(row: Finding) -> str:
    return "" if row.reached is None else ("yes" if row.reached else "**no**")


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
