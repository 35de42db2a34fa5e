"""Change a file as chance, a bad disk or an attacker would: one way each, by its name.

`mutate` takes the bytes of a file and returns the name of the way and the changed bytes. The same
random numbers always give the same change.
"""

import contextlib
import io
import json
import random
import re
import struct
import warnings
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

Chance = random.Random
Way = Callable[[bytes, Chance], bytes]

# At the edges of what integers, sizes, indices and floats hold.
_NUMBERS = (
    *(0, 1, -1, 2, 127, 128, 255, 256, 65_535, 65_536, 2**31 - 1, 2**31, 2**32, 2**62, 2**63),
    *(2**64, 10**6, 10**18, 10**400, -(2**31), -(2**63), 0.0, -0.0, 0.5, 1e-320, 1e308, -1e308),
)
_TEXTS = (
    *("", " ", "x", "\0", "../../up", "/", "a" * 5000, "\x1b[31m", "\u202e", "\n", "nan", "-1"),
    *("é", "\U0001d518", "\ud800", "=1+1", "|<b>", "None", "1e999", "$x^", "C:\\x"),
)
_JUNK = (
    *(None, True, False, [], {}, [[]], [0], {"a": 1}, "x", 0, -1, 1.5, [None] * 50),
    *(float("nan"), float("inf")),
)
_DEEP = 3_000  # more than Python's limit of recursion
_RUNS = (1, 2, 4, 16, 64, 512, 4096)
_DIGITS = re.compile(rb"\d+")


def mutate(data: bytes, chance: Chance, *, forge: bool = False) -> tuple[str, bytes]:
    """Return how the bytes were changed, and the changed bytes, which differ from `data`.

    Parameters
    ----------
    data : bytes
    chance : random.Random
    forge : bool
        Whether to change the content under a whole surface, as only an attacker does: checksums
        inside of zip archives and PNG files are made good again.
    """
    ways = _ways(data, forge=forge)
    for _ in range(100):
        name = chance.choice(list(ways))
        # A file of the right form with nonsense inside has no other form: the way does not fit.
        with contextlib.suppress(_DoesNotFit):
            changed = ways[name](data, chance)
            if changed != data:
                return name, changed
    return "add", data + b"\0"


class _DoesNotFit(Exception):
    """This way can't change these bytes."""


def _ways(data: bytes, *, forge: bool) -> dict[str, Way]:
    if data[:4] == b"PK\3\4" and forge:
        return BYTES | ARCHIVE
    if data[:8] == b"\x89HDF\r\n\x1a\n" and forge:
        return BYTES | HDF5
    if data[:8] == b"\x89PNG\r\n\x1a\n" and forge:
        sums_right = {f"{name}, sums right": _with_png_sums(way) for name, way in BYTES.items()}
        return BYTES | sums_right
    if data[:1] in (b"{", b"["):
        return BYTES | JSON
    return BYTES


def _place(data: bytes, chance: Chance) -> int:
    """Return a place, often near the beginning, where most files say what they are."""
    if not data:
        raise _DoesNotFit
    if chance.random() < 0.4:
        return chance.randrange(min(len(data), 512))
    return chance.randrange(len(data))


def _run(data: bytes, chance: Chance) -> tuple[int, int]:
    start = _place(data, chance)
    return start, min(len(data), start + chance.choice(_RUNS))


def flip_bit(data: bytes, chance: Chance) -> bytes:
    place = _place(data, chance)
    return data[:place] + bytes([data[place] ^ 1 << chance.randrange(8)]) + data[place + 1 :]


def set_byte(data: bytes, chance: Chance) -> bytes:
    place = _place(data, chance)
    value = chance.choice((0, 1, 0x7F, 0x80, 0xFE, 0xFF, chance.randrange(256)))
    return data[:place] + bytes([value]) + data[place + 1 :]


def set_integer(data: bytes, chance: Chance) -> bytes:
    kind = chance.choice(("<H", ">H", "<I", ">I", "<Q", ">Q"))
    size = struct.calcsize(kind)
    top = 1 << 8 * size
    value = chance.choice((0, 1, top - 1, top - 2, top // 2, top // 2 - 1, chance.randrange(top)))
    place = _place(data, chance)
    return data[:place] + struct.pack(kind, value) + data[place + size :]


def cut(data: bytes, chance: Chance) -> bytes:
    return data[: chance.randrange(len(data))] if data else data


def add_bytes(data: bytes, chance: Chance) -> bytes:
    return data + chance.randbytes(chance.choice(_RUNS))


def zero_run(data: bytes, chance: Chance) -> bytes:
    start, end = _run(data, chance)
    return data[:start] + bytes(end - start) + data[end:]


def random_run(data: bytes, chance: Chance) -> bytes:
    start, end = _run(data, chance)
    return data[:start] + chance.randbytes(end - start) + data[end:]


def remove_run(data: bytes, chance: Chance) -> bytes:
    start, end = _run(data, chance)
    return data[:start] + data[end:]


def duplicate_run(data: bytes, chance: Chance) -> bytes:
    start, end = _run(data, chance)
    times = chance.choice((1, 1, 2, 50))
    return data[:end] + data[start:end] * times + data[end:]


def splice(data: bytes, chance: Chance) -> bytes:
    """Write one run over another place."""
    start, end = _run(data, chance)
    place = _place(data, chance)
    return data[:place] + data[start:end] + data[place + end - start :]


def swap_runs(data: bytes, chance: Chance) -> bytes:
    length = chance.choice(_RUNS)
    if len(data) < 2 * length:
        raise _DoesNotFit
    first = chance.randrange(len(data) - 2 * length + 1)
    second = chance.randrange(first + length, len(data) - length + 1)
    middle = data[first + length : second]
    one, other = data[first : first + length], data[second : second + length]
    return data[:first] + other + middle + one + data[second + length :]


def change_digits(data: bytes, chance: Chance) -> bytes:
    """Change a number that is written as text: a size, a shape, an attribute."""
    places = [match.span() for match in _DIGITS.finditer(data[:200_000])]
    if not places:
        raise _DoesNotFit
    start, end = chance.choice(places)
    if chance.random() < 0.5:  # the rest of a binary file stays where it is
        new = "".join(chance.choice("0123456789") for _ in range(end - start))
    else:
        new = str(chance.choice(_NUMBERS))
    return data[:start] + new.encode() + data[end:]


#: Ways to change any file.
BYTES: dict[str, Way] = {
    "bit": flip_bit,
    "byte": set_byte,
    "integer": set_integer,
    "cut": cut,
    "add": add_bytes,
    "zeros": zero_run,
    "noise": random_run,
    "remove": remove_run,
    "duplicate": duplicate_run,
    "splice": splice,
    "swap": swap_runs,
    "digits": change_digits,
}


def _places_in(value: object, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the way to every entry of what JSON gave."""
    items: Any = value.items() if isinstance(value, dict) else ()
    if isinstance(value, list):
        items = enumerate(value)
    found = []
    for key, item in items:
        found += [(*path, key), *_places_in(item, (*path, key))]
    return found


def _in_json(change: Callable[[Any, Any, Chance], None]) -> Way:
    """Return a way that changes one entry of a file of JSON, or of one of its lines."""

    def changed(data: bytes, chance: Chance) -> bytes:
        lines = data.split(b"\n")
        line = chance.randrange(len(lines))
        with contextlib.suppress(ValueError):  # the lines of JSON Lines, not those of JSON
            lines[line] = _entry_changed(lines[line], chance)
            return b"\n".join(lines)
        try:
            return _entry_changed(data, chance)
        except ValueError:
            raise _DoesNotFit from None

    def _entry_changed(text: bytes, chance: Chance) -> bytes:
        content = json.loads(text)
        places = _places_in(content)
        if not places:
            raise _DoesNotFit
        path = chance.choice(places)
        holder = content
        for key in path[:-1]:
            holder = holder[key]
        change(holder, path[-1], chance)
        new = json.dumps(content, ensure_ascii=False)
        new = new.replace(f'"{_MARK}"', "[" * _DEEP + "]" * _DEEP)
        return new.encode("utf-8", "surrogatepass")

    return changed


_MARK = "deep\u2028"


def _set_number(holder, key, chance):
    if isinstance(holder[key], bool) or not isinstance(holder[key], int | float):
        raise _DoesNotFit
    holder[key] = chance.choice(_NUMBERS)


def _set_text(holder, key, chance):
    if not isinstance(holder[key], str):
        raise _DoesNotFit
    text = holder[key]
    near = text[:-1] + chr(ord(text[-1]) ^ 1) if text else "x"
    holder[key] = chance.choice((*_TEXTS, near, text + "x", text * 2, text.upper()))


def _set_junk(holder, key, chance):
    holder[key] = chance.choice(_JUNK)


def _delete(holder, key, _):
    del holder[key]


def _rename(holder, key, chance):
    if not isinstance(holder, dict):
        raise _DoesNotFit
    holder[chance.choice((*_TEXTS, f"{key}_"))] = holder.pop(key)


def _repeat(holder, key, chance):
    if not isinstance(holder, list):
        raise _DoesNotFit
    holder[key:key] = [holder[key]] * chance.choice((1, 2, 1000))


def _wrap(holder, key, _):
    holder[key] = [holder[key]]


def _nest(holder, key, _):
    holder[key] = _MARK


def _exchange(holder, key, chance):
    keys = list(holder) if isinstance(holder, dict) else range(len(holder))
    other = chance.choice(keys)
    holder[key], holder[other] = holder[other], holder[key]


def repeat_key(data: bytes, chance: Chance) -> bytes:
    """Say one entry twice, with two values."""
    keys = list(re.finditer(rb'"(\w+)":', data))
    if not keys:
        raise _DoesNotFit
    match = chance.choice(keys)
    return data[: match.start()] + match[0] + b" 1, " + data[match.start() :]


#: Ways to change a file of JSON, or a line of one.
JSON: dict[str, Way] = {
    "JSON number": _in_json(_set_number),
    "JSON text": _in_json(_set_text),
    "JSON type": _in_json(_set_junk),
    "JSON entry missing": _in_json(_delete),
    "JSON key": _in_json(_rename),
    "JSON entry repeated": _in_json(_repeat),
    "JSON entry wrapped": _in_json(_wrap),
    "JSON depth": _in_json(_nest),
    "JSON entries swapped": _in_json(_exchange),
    "JSON key twice": repeat_key,
}

_Members = list[tuple[str, bytes]]


def _in_archive(change: Callable[[_Members, Chance], None], pack: int = zipfile.ZIP_STORED) -> Way:
    """Return a way that changes the members of a zip archive, with sums that are right."""

    def changed(data: bytes, chance: Chance) -> bytes:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as old:
                members = [(each.filename, old.read(each)) for each in old.infolist()]
            change(members, chance)
            file = io.BytesIO()
            with warnings.catch_warnings(), zipfile.ZipFile(file, "w", pack) as new:
                warnings.simplefilter("ignore")  # of two members with one name
                for name, content in members:
                    new.writestr(zipfile.ZipInfo(name), content, pack)
        except (zipfile.BadZipFile, IndexError, UnicodeError):
            raise _DoesNotFit from None
        return file.getvalue()

    return changed


def _change_member(members: _Members, chance: Chance) -> None:
    place = chance.randrange(len(members))
    name, content = members[place]
    members[place] = name, mutate(content, chance)[1]


def _change_header(members: _Members, chance: Chance) -> None:
    """Change the beginning of a member: what an array of NumPy says of itself."""
    place = chance.randrange(len(members))
    name, content = members[place]
    members[place] = name, mutate(content[:128], chance)[1] + content[128:]


def _swap_members(members: _Members, chance: Chance) -> None:
    one, other = chance.sample(range(len(members)), 2) if len(members) > 1 else (0, 0)
    (first, _), (second, _) = members[one], members[other]
    members[one], members[other] = (first, members[other][1]), (second, members[one][1])


def _drop_member(members: _Members, chance: Chance) -> None:
    del members[chance.randrange(len(members))]


def _repeat_member(members: _Members, chance: Chance) -> None:
    name, content = chance.choice(members)
    members.append((name, chance.choice((content, b""))))


def _rename_member(members: _Members, chance: Chance) -> None:
    place = chance.randrange(len(members))
    name, content = members[place]
    new = chance.choice((*_TEXTS[:-9], f"{name}/", f"../{name}", f"/{name}", "a/" * 300 + name))
    members[place] = new, content


def _add_member(members: _Members, chance: Chance) -> None:
    members.append((chance.choice(("x", "x.npy", "__MACOSX/x", "x/")), chance.randbytes(40)))


def _pack(members: _Members, _: Chance) -> None:
    pass


#: Ways to change a zip archive whose sums are right again.
ARCHIVE: dict[str, Way] = {
    "archive: content": _in_archive(_change_member),
    "archive: header": _in_archive(_change_header),
    "archive: swapped": _in_archive(_swap_members),
    "archive: missing": _in_archive(_drop_member),
    "archive: repeated": _in_archive(_repeat_member),
    "archive: renamed": _in_archive(_rename_member),
    "archive: added": _in_archive(_add_member),
    "archive: packed": _in_archive(_pack, zipfile.ZIP_DEFLATED),
}


def _in_hdf5(change: Callable[[Any, str, Chance], None]) -> Way:
    """Return a way that changes an HDF5 file where one of its arrays is."""

    def changed(data: bytes, chance: Chance) -> bytes:
        import h5py

        memory = io.BytesIO(data)
        with h5py.File(memory, "r+") as file:
            names: list[str] = []
            file.visit(names.append)
            arrays = [name for name in names if isinstance(file[name], h5py.Dataset)]
            change(file, chance.choice(arrays), chance)
        return memory.getvalue()

    return changed


def _put(file: Any, name: str, **array: Any) -> None:
    del file[name]
    file.create_dataset(name, **array)


def _spoil(file: Any, name: str, chance: Chance) -> None:
    """Write what is no number into an array."""
    values = file[name][...]
    values[...] = chance.choice((float("nan"), float("inf"), -float("inf"), 6e4))
    file[name][...] = values


def _reshape(file: Any, name: str, chance: Chance) -> None:
    shape = list(file[name].shape)
    sides = chance.choice((shape[::-1], [*shape, 1], [1, *shape], [], [0, *shape[1:]], [2**40]))
    # Nothing of it is written, however large.
    chunks = (2**16,) if sides == [2**40] else None
    _put(file, name, shape=sides, dtype=file[name].dtype, chunks=chunks)


def _retype(file: Any, name: str, chance: Chance) -> None:
    import h5py

    kinds = ("f8", "i1", "u8", "S5", "c8", h5py.string_dtype(), h5py.ref_dtype, [("a", "f4")], "?")
    _put(file, name, shape=file[name].shape, dtype=chance.choice(kinds))


def _fill(file: Any, name: str, _: Chance) -> None:
    """Have an array of a gigabyte of zeros come out of a few bytes."""
    _put(file, name, shape=(2**28,), dtype="f4", chunks=(2**24,), compression="gzip")


def _link(file: Any, name: str, chance: Chance) -> None:
    import h5py

    del file[name]
    links = (
        *(h5py.SoftLink("/"), h5py.SoftLink(f"/{name}"), h5py.SoftLink("/nowhere")),
        *(h5py.ExternalLink("/etc/passwd", "/"), h5py.ExternalLink(".", "/"), file["/"]),
    )
    file[name] = chance.choice(links)


def _become_group(file: Any, name: str, _: Chance) -> None:
    del file[name]
    file.create_group(f"{name}/{'x/' * 500}")


def _exchange_arrays(file: Any, name: str, chance: Chance) -> None:
    group = file[name].parent
    other = chance.choice(list(group))
    last = name.rpartition("/")[2]
    if other == last:
        raise _DoesNotFit
    group.move(other, "between")
    group.move(last, other)
    group.move("between", last)


def _spoil_attributes(file: Any, name: str, chance: Chance) -> None:
    group = file[name].parent
    values = ("", 5, [b"\xff"], "x" * 10_000, float("nan"))
    group.attrs[chance.choice(("name", "layer_names", "weight_names"))] = chance.choice(values)


def _many_names(file: Any, name: str, _: Chance) -> None:
    group = file[name].parent
    for number in range(2_000):
        group[f"more{number}"] = file[name]


#: Ways to change an HDF5 file as a whole.
HDF5: dict[str, Way] = {
    "HDF5: not numbers": _in_hdf5(_spoil),
    "HDF5: shape": _in_hdf5(_reshape),
    "HDF5: type": _in_hdf5(_retype),
    "HDF5: large": _in_hdf5(_fill),
    "HDF5: link": _in_hdf5(_link),
    "HDF5: group": _in_hdf5(_become_group),
    "HDF5: missing": _in_hdf5(lambda file, name, _: file.pop(name)),
    "HDF5: swapped": _in_hdf5(_exchange_arrays),
    "HDF5: attribute": _in_hdf5(_spoil_attributes),
    "HDF5: names": _in_hdf5(_many_names),
}


def _with_png_sums(way: Way) -> Way:
    """Return a way whose PNG has the right sums again, so that a decoder reads on."""

    def changed(data: bytes, chance: Chance) -> bytes:
        new = way(data, chance)
        parts, place = [new[:8]], 8
        while place + 12 <= len(new):
            (length,) = struct.unpack(">I", new[place : place + 4])
            body = new[place + 4 : place + 8 + length]
            parts += [new[place : place + 4], body, struct.pack(">I", zlib.crc32(body))]
            place += 12 + length
        return b"".join(parts)

    return changed
