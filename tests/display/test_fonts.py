import shutil

import pytest

from headstart.display import fonts


@pytest.fixture(autouse=True)
def no_system_fonts(monkeypatch, tmp_path):
    """Tests must come out the same whatever fonts a machine has."""
    _forget()
    monkeypatch.setattr(fonts, "_font_folders", lambda: iter([tmp_path]))
    yield tmp_path
    _forget()


def _forget():
    fonts._font_for.cache_clear()
    fonts._system_fonts.cache_clear()


@pytest.mark.parametrize("name", ["cat", "Gänseblümchen", "жук-олень", "Αλεπού", "دبابة", "✗"])
def test_what_dejavu_has_is_left_alone(name):
    assert fonts.drawable(name)[:2] == (name, fonts.dejavu())


def test_what_no_font_has_is_spelt_out():
    assert fonts.drawable("猫 cat 科")[:2] == ("U+732B  cat U+79D1", fonts.dejavu())
    assert fonts.drawable("🐯\u200d🐯")[:2] == ("U+1F42F \u200dU+1F42F", fonts.dejavu())


def test_a_note_explains_what_is_spelt_out():
    known, unknown = fonts.drawable("cat"), fonts.drawable("猫")
    assert not known.is_spelt
    assert unknown.is_spelt
    assert fonts.note_on_fonts([known]) == []
    assert "install a font with all letters" in "\n".join(fonts.note_on_fonts([known, unknown]))


def test_names_that_differ_stay_different():
    assert len({fonts.drawable(name)[0] for name in ("猫", "犬", "鳥")}) == 3


def test_control_letters_are_made_visible():
    assert fonts.drawable("a\nb")[0] == "a\\nb"


def test_font_of_the_system_is_used_where_it_has_the_letters(no_system_fonts, monkeypatch):
    wide = no_system_fonts / "NotoSansCJK-Regular.ttc"
    shutil.copy(fonts.dejavu(), wide)
    (no_system_fonts / "wqy-broken.ttf").write_bytes(b"no font")
    (no_system_fonts / "Other.ttf").write_bytes(b"not looked at")
    letters = fonts._letters
    monkeypatch.setattr(
        fonts, "_letters", lambda font: letters(font) | ({0x732B} if font == wide else set())
    )
    assert fonts.drawable("猫")[:2] == ("猫", wide)
    assert fonts.drawable("犬")[:2] == ("U+72AC", fonts.dejavu())


def test_a_font_is_found_among_very_many_styles(no_system_fonts):
    names = [f"NotoSans{script}-{style}.ttf" for script in range(60) for style in ("Bold", "Thin")]
    for name in [*names, "NotoSansThai-Regular.ttf", "wqy-microhei.ttc", "Unknown.ttf"]:
        (no_system_fonts / name).touch()
    found = [font.name for font in fonts._system_fonts()]
    assert found[:2] == ["NotoSansThai-Regular.ttf", "wqy-microhei.ttc"]
    assert "Unknown.ttf" not in found


def test_a_font_that_has_most_letters_spells_the_others(no_system_fonts, monkeypatch):
    wide = no_system_fonts / "NotoSansCJK-Regular.ttc"
    wide.touch()
    latin = frozenset(map(ord, "U+0123456789ABCDEF "))
    letters = fonts._letters
    monkeypatch.setattr(
        fonts, "_letters", lambda font: latin | {0x732B} if font == wide else letters(font)
    )
    assert fonts.drawable("猫犬") == ("猫U+72AC", wide, True)
    # Without Latin letters it can't.
    monkeypatch.setattr(fonts, "_letters", lambda font: {0x732B} if font == wide else letters(font))
    fonts._font_for.cache_clear()
    assert fonts.drawable("猫犬").font == fonts.dejavu()


def test_bold_comes_with_it():
    assert fonts.dejavu(bold=True).is_file()
    assert fonts.dejavu(bold=True) != fonts.dejavu()


def test_without_matplotlib_says_what_is_missing(monkeypatch):
    def find(name):
        raise fonts.importlib.metadata.PackageNotFoundError(name)

    fonts.dejavu.cache_clear()
    monkeypatch.setattr(fonts.importlib.metadata, "distribution", find)
    with pytest.raises(ModuleNotFoundError, match="matplotlib"):
        fonts.dejavu()


@pytest.mark.parametrize("platform", ["win32", "darwin", "linux"])
def test_every_platform_has_its_folders(platform, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setattr(fonts.sys, "platform", platform)
    assert all(folder.is_absolute() or platform == "win32" for folder in fonts._font_folders())
    assert len(list(fonts._font_folders())) >= 2
