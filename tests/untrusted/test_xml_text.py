"""XML is read element by element, or refused with a `ValueError`."""

import pytest

from headstart.untrusted.xml_text import MAX_DEPTH, read_xml


def elements(xml):
    found = []
    read_xml(xml, lambda path, attributes: found.append((*path, attributes)))
    return found


def test_elements_come_with_those_around_them():
    xml = b'<net name="n"><layer id="1"/><rt_info><x value="&lt;"/></rt_info></net>'
    assert elements(xml) == [
        ("net", {"name": "n"}),
        ("net", "layer", {"id": "1"}),
        ("net", "rt_info", {}),
        ("net", "rt_info", "x", {"value": "<"}),
    ]


def test_the_encoding_that_a_text_claims_does_not_count():
    xml = (
        '<?xml version="1.0" encoding="latin-1"?><net name="\N{LATIN SMALL LETTER E WITH ACUTE}"/>'
    )
    assert elements(xml.encode()) == [("net", {"name": "\N{LATIN SMALL LETTER E WITH ACUTE}"})]


@pytest.mark.parametrize(
    ("xml", "why"),
    [
        (b"", "no XML"),
        (b"<net ", "no XML"),
        (b"<net></net><net/>", "no XML"),
        (b"<net name='\xff'/>", "no XML"),
        (b'<!DOCTYPE net [<!ENTITY a "aa">]><net name="&a;"/>', "a document type"),
        (b"<a>" * (MAX_DEPTH + 1), f"more than {MAX_DEPTH} deep"),
    ],
)
def test_anything_else_is_refused(xml, why):
    with pytest.raises(ValueError, match=why):
        elements(xml)


def test_as_many_inside_each_other_as_may_be():
    assert len(elements(b"<a>" * MAX_DEPTH + b"</a>" * MAX_DEPTH)) == MAX_DEPTH


def test_what_the_reader_says_is_raised():
    def begin(_path, attributes):
        raise KeyError(*attributes)

    with pytest.raises(KeyError, match="id"):
        read_xml(b'<net id="1"/>', begin)
