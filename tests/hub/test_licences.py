"""Licences of networks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headstart.errors import UsageError
from headstart.hub.licences import check_licence, is_non_commercial, licence_of_card


@pytest.mark.parametrize(
    ("card", "licence"),
    [
        ("---\nlicense: apache-2.0\n---\n# Net\n", "apache-2.0"),
        ("---\r\ntags:\r\n- x\r\nlicense: mit\r\n---\r\n", "mit"),
        ('---\nlicense: "cc-by-nc-4.0"  # no shops\n---\n', "cc-by-nc-4.0"),
        ("---\nlicense: other\nlicense_name: apple-amlr\nlicense_link: x\n---\n", "apple-amlr"),
        ("---\nlicense: other\n---\n", "other"),
        ("---\nlicense:\n- mit\n- cc-by-nc-sa-4.0\ntags:\n- y\n---\n", "mit, cc-by-nc-sa-4.0"),
        ("---\nlicense: [mit, apache-2.0]\n---\n", "mit, apache-2.0"),
        ("---\ntags: [x]\n---\nlicense: mit\n", None),
        ("# Net\nlicense: mit\n", None),
        ("---\nlicense: mit\n", None),
        ("", None),
    ],
)
def test_card_names_the_licence(card, licence):
    assert licence_of_card(card) == licence


@pytest.mark.parametrize(
    "licence",
    [
        "cc-by-nc-4.0",
        "CC BY-NC-SA 4.0",
        "cc-by-nc-nd-4.0",
        "fair-noncommercial-research-license",
        "Attribution-NonCommercial 4.0 International",
        "non commercial",
        "apple-amlr",
        "intel-research",
        "Research only",
        "mit, cc-by-nc-4.0",
    ],
)
def test_licences_without_commercial_use_are_known(licence):
    assert is_non_commercial(licence)
    check_licence("net", licence, allow_non_commercial=True)
    with pytest.raises(UsageError, match=r"net is .*--allow-non-commercial"):
        check_licence("net", licence, allow_non_commercial=False)


@pytest.mark.parametrize(
    "licence",
    ["apache-2.0", "MIT", "cc-by-4.0", "cc-by-sa-4.0", "ncsa", "bsd-3-clause", "other", None],
)
def test_other_licences_are_free_to_use(licence):
    assert not is_non_commercial(licence)
    check_licence("net", licence, allow_non_commercial=False)


@given(st.text())
def test_any_card_is_read(text):
    for card in (text, f"---\nlicense: {text}\n---\n", f"---\n{text}\n---\n"):
        found = licence_of_card(card)
        assert found is None or found.strip()
