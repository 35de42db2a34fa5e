import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from headstart.images import depth
from headstart.images.depth import STEPS, scaled, stretched


@pytest.mark.parametrize("bits", STEPS)
@pytest.mark.parametrize("part", [1.0, 0.6])
def test_the_brightest_value_tells_how_many_bits_are_used(bits, part):
    grey = np.arange(256)
    stored = (grey * (2**bits - 1) * part / 255).round().astype(np.uint16)
    narrow, note = scaled(stored, "grey")
    assert np.abs(narrow - grey * part).max() <= 1
    assert f"{2**bits - 1} became 255; the brightest is {stored.max()}" in note
    assert (f"with {bits} bits used" in note) == (bits < 16)


@given(arrays.arrays(np.uint16, st.integers(1, 20)), st.none() | st.integers(0, 65535))
def test_scaling_keeps_the_order_and_the_range(values, largest):
    narrow, _ = scaled(values, "grey", largest)
    order = np.argsort(values, kind="stable")
    assert (np.diff(narrow[order].astype(int)) >= 0).all()


def test_a_larger_value_that_the_file_declares_counts():
    values = np.array([0, 500, 1000], np.uint16)
    assert "10 bits used" in scaled(values, "grey")[1]
    assert "12 bits used" in scaled(values, "grey", 4000)[1]
    assert "12 bits used" in scaled(values * 3, "grey", 900)[1]


def test_an_image_of_zeros_stays_black():
    assert scaled(np.zeros((3, 3), np.uint16), "grey")[0].max() == 0


@given(arrays.arrays(np.float32, st.integers(1, 20)))
def test_any_floats_become_bytes(values):
    narrow, note = stretched(values)
    assert narrow.dtype == np.uint8
    assert note.startswith("floats")


@pytest.mark.parametrize("dtype", [np.int16, np.int32, np.uint32, np.float64])
def test_other_numbers_are_stretched_between_their_extremes(dtype):
    values = np.array([-20000, 0, 30000] if np.dtype(dtype).kind != "u" else [0, 2, 2**32 - 1])
    narrow, note = stretched(values.astype(dtype))
    assert narrow[0] == 0
    assert narrow[-1] == 255
    assert "stretched; " in note


def test_floats_whose_difference_is_not_finite_are_stretched():
    largest = np.finfo(np.float64).max
    values = np.array([[-largest, 0, largest, np.inf]])
    assert stretched(values)[0].tolist() == [[0, 128, 255, 0]]


def test_nan_of_every_kind_is_black_without_a_warning():
    values = np.array([[0x7F800001, 0x7FC00000, 0xFF800001, 0, 0x3F800000]], np.uint32)
    assert stretched(values.view(np.float32))[0].tolist() == [[0, 0, 0, 0, 255]]


def test_large_arrays_are_converted_in_blocks_to_the_same_values(monkeypatch):
    values = np.random.default_rng(0).normal(0, 300, (37, 11)).astype(np.float32)
    values[3, 4] = np.nan
    whole = stretched(values)
    monkeypatch.setattr(depth, "_BLOCK", 25)
    blocks = stretched(values)
    assert np.array_equal(whole[0], blocks[0])
    assert whole[1] == blocks[1]


def test_numpy_does_not_warn_of_any_nan():
    signalling = np.array([0x7F800001, 0x3F800000], np.uint32).view(np.float32)
    assert stretched(signalling)[0].tolist() == [0, 255]
