"""Write the figures as Markdown."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from finding import Finding, Missing


def render(
    machine: dict[str, Any], findings: dict[str, list[Finding]], missing: Sequence[Missing] = ()
) -> str:
    """Return the machine, one table for each group, and what is missing, as Markdown."""
    return "\n".join([*_machine(machine), *_tables(findings), *_missing(missing)]) + "\n"


def publish(name: str, title: str, machine: dict[str, Any], found: list[Finding], out: Path) -> int:
    """Write ``NAME.json`` and ``NAME.md`` into `out`, print it; return 1 if a goal was missed."""
    text = render(machine, {title: found})
    record = {"machine": machine, "measures": [row.to_dict() for row in found]}
    write(out / name, record, text)
    print(text)
    return int(any(row.reached is False for row in found))


def write(path: Path, record: dict[str, Any], text: str) -> None:
    """Write a record and its text beside each other, as ``PATH.json`` and ``PATH.md``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.with_suffix(".json").write_text(json.dumps(record, indent=2) + "\n")
    path.with_suffix(".md").write_text(text)


def _machine(machine: dict[str, Any]) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    instructions = ", ".join(machine["instructions"])
    yield f"{machine['processor']} ({instructions}), {machine['cores']} cores,"
    yield f"{machine['memory']} of memory, {machine['system']}."
    yield f"Python {machine['python']}, {versions}."
    if machine.get("gpu"):
        yield f"GPU: {machine['gpu']}."
    yield f"headstart {machine['commit']}. Load before the start: {machine['load_before']:.2f}."


def _tables(findings: dict[str, list[Finding]]) -> Iterator[str]:
    for group, rows in findings.items():
        yield from ("", f"### {group}", "", "| | median | lowest to highest | goal | reached |")
        yield "|---|--:|--:|--:|---|"
        yield from map(_row, rows)


def _missing(missing: Sequence[Missing]) -> Iterator[str]:
    if missing:
        yield from ("", "### Not measured", "")
        for each in missing:
            # The last line of a program that failed says why; the record has all of them.
            yield f"- {each.what}: {each.why.strip().splitlines()[-1]}"


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
