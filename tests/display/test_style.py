import numpy as np
import pytest

from headstart.display import style


def luminance(colour):
    shares = np.array([*bytes.fromhex(colour[1:])]) / 255
    linear = np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)
    return linear @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("colour", [style.INK, style.PALE])
@pytest.mark.parametrize("background", ["#FFFFFF", style.MAT])
def test_text_has_the_contrast_that_wcag_asks_for(colour, background):
    assert (luminance(background) + 0.05) / (luminance(colour) + 0.05) >= 4.5
