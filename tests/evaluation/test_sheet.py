import io

import numpy as np
import pytest
from PIL import Image

from headstart.display import fonts
from headstart.errors import ImageDamaged, UsageError
from headstart.evaluation import Tile, draw_sheet, sheet
from headstart.images.sources import BytesSource
from headstart.prediction.answer import Prediction


def predicted(label, probability):
    return Prediction(str(label), label, probability)


def _photo(colour="red", size=(64, 48), name="photo.jpg", **options):
    data = io.BytesIO()
    Image.new("RGB", size, colour).save(data, "JPEG", quality=95, **options)
    return BytesSource(name, data.getvalue())


def _drawn(tmp_path, *tiles, **options):
    draw_sheet(tmp_path / "sheet.png", tiles, **options)
    with Image.open(tmp_path / "sheet.png") as image:
        assert image.format == "PNG"
        return np.asarray(image).astype(int)


def _has(pixels, colour):
    return bool((np.abs(pixels - np.array(colour)).max(axis=-1) < 12).sum() > 50)


RED, BLUE, ORANGE = (254, 0, 0), (0, 114, 178), (213, 94, 0)


def test_sheet_shows_the_image_and_its_bars(tmp_path):
    plain = _drawn(tmp_path, Tile(_photo()))
    answered = _drawn(tmp_path, Tile(_photo(), [predicted("cat", 0.9), predicted("dog", 0.1)]))
    assert _has(plain, RED)
    assert not _has(plain, BLUE)
    assert _has(answered, BLUE)
    assert answered.shape[0] == plain.shape[0] + 2 * sheet.PREDICTION_HEIGHT


def test_bar_is_as_long_as_the_probability(tmp_path):
    def length(probability):
        pixels = _drawn(tmp_path, Tile(_photo(), [predicted(" ", probability)]))
        return (np.abs(pixels - np.array(BLUE)).max(axis=-1) < 3).any(axis=0).sum()

    assert [length(share) for share in (0.0, 0.5, 1.0)] == [0, sheet.WIDTH / 2, sheet.WIDTH]


def test_only_wrong_ones_are_framed(tmp_path):
    answers = [predicted("cat", 0.9)]
    assert not _has(_drawn(tmp_path, Tile(_photo(), answers)), ORANGE)
    assert not _has(_drawn(tmp_path, Tile(_photo(), answers, truth="cat")), ORANGE)
    assert _has(_drawn(tmp_path, Tile(_photo(), answers, truth="dog")), ORANGE)


def test_why_a_model_is_unsure_stands_across_the_image(tmp_path, lines):
    sure = _drawn(tmp_path, Tile(_photo(), [predicted("cat", 0.9)]))
    unsure = _drawn(tmp_path, Tile(_photo(), [predicted("cat", 0.9)], unsure="unsure: cat or dog"))
    assert "? unsure: cat or dog" in lines
    assert sure.shape == unsure.shape


def test_labels_need_not_be_text(tmp_path):
    assert _has(_drawn(tmp_path, Tile(_photo(), [predicted(7, 0.9)], truth="8")), ORANGE)
    assert not _has(_drawn(tmp_path, Tile(_photo(), [predicted(7, 0.9)], truth="7")), ORANGE)


@pytest.fixture
def lines(monkeypatch):
    """What is written on a sheet, line by line."""
    written = []
    write = sheet.write_line

    def spy(draw, corner, text, width, *rest):
        written.append(text)
        write(draw, corner, text, width, *rest)

    monkeypatch.setattr(sheet, "write_line", spy)
    return written


def test_a_mistake_says_label_and_prediction(tmp_path, lines):
    _drawn(tmp_path, Tile(_photo(), [predicted("bees", 0.87)], truth="ants"))
    assert "✗ labelled ants, predicted bees" in lines


def test_a_label_may_be_the_identifier_of_a_class(tmp_path, lines):
    found = [Prediction("n02129604", "tiger", 0.9)]
    _drawn(tmp_path, Tile(_photo(), found, truth="n02129604"))
    assert "✓ right" in lines


def test_without_predictions_the_label_is_the_title(tmp_path, lines):
    drawn = _drawn(tmp_path, Tile(_photo(), truth="ants"))
    assert lines == ["photo.jpg", "ants"]
    assert not _has(drawn, ORANGE)


def test_the_label_of_a_mistake_stands_alone_where_both_names_do_not_fit(tmp_path, lines):
    long = "a name in many words"
    _drawn(tmp_path, Tile(_photo(), [predicted(f"not {long}", 0.87)], truth=long))
    assert lines[-2:] == [f"✗ labelled {long}", f"not {long}"]


def test_paths_begin_below_the_folder_that_the_foot_names(tmp_path, lines):
    photos = [Tile(_photo(name=f"data/birds/{name}")) for name in ("robin/1.jpg", "owl/1.jpg")]
    _drawn(tmp_path, *photos)
    assert [line.replace("\\", "/") for line in lines] == [
        "robin/1.jpg",
        "owl/1.jpg",
        "The files are in data/birds/",
    ]


@pytest.mark.parametrize(
    "names", [["photo.jpg"], ["a/1.jpg", "b/1.jpg"], ["/a/1.jpg", "b/1.jpg"], ["/1.jpg"]]
)
def test_without_a_common_folder_paths_are_whole(tmp_path, lines, names):
    _drawn(tmp_path, *(Tile(_photo(name=name)) for name in names))
    assert lines == names


def test_the_foot_says_how_many_are_shown_and_that_a_font_is_missing(tmp_path, lines, monkeypatch):
    monkeypatch.setattr("headstart.display.fonts._font_folders", lambda: iter(()))
    fonts._font_for.cache_clear()
    fonts._system_fonts.cache_clear()
    _drawn(tmp_path, *[Tile(_photo(), [predicted("犬", 0.9)])] * 3, at_most=2, more=1231)
    assert "The first 2 of 1,234." in lines
    assert "install a font" in lines[-1]


def test_unreadable_image_is_a_grey_tile_with_its_reason(tmp_path):
    error = ImageDamaged("some/where/photo.jpg is cut short. Copy it again.")
    unreadable = _drawn(tmp_path, Tile(_photo(), error=error))
    other = _drawn(tmp_path, Tile(_photo(), error=ImageDamaged("Other words.")))
    assert not _has(unreadable, RED)
    assert unreadable.shape == other.shape
    assert (unreadable != other).any()


def test_image_that_breaks_only_now_is_a_grey_tile_too(tmp_path):
    broken = BytesSource("broken.jpg", b"no image at all")
    drawn = _drawn(tmp_path, Tile(_photo()), Tile(broken, [predicted("cat", 0.9)], truth="cat"))
    assert _has(drawn, RED)
    assert _has(drawn, (240, 240, 240))


def test_what_goes_wrong_after_decoding_is_a_grey_tile_too(tmp_path, monkeypatch):
    whole = _drawn(tmp_path, Tile(_photo()))
    monkeypatch.setattr("headstart.evaluation.sheet.framed", lambda *_: bytearray(2**62))
    assert whole.shape == (drawn := _drawn(tmp_path, Tile(_photo()))).shape
    assert _has(drawn, (240, 240, 240))


def test_thumbnails_are_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    data = io.BytesIO()
    image = Image.new("RGB", (80, 40), "red")
    image.paste("lime", (0, 0, 40, 40))
    image.save(data, "PNG", exif=exif)
    drawn = _drawn(tmp_path, Tile(BytesSource("turned.png", data.getvalue())))
    lime = np.argwhere(np.abs(drawn - [0, 255, 0]).max(axis=-1) < 12)
    red = np.argwhere(np.abs(drawn - [255, 0, 0]).max(axis=-1) < 12)
    # Turned clockwise, the left half comes up.
    assert lime[:, 0].max() <= red[:, 0].min()


@pytest.mark.parametrize("size", [(1, 1), (3000, 2), (2, 3000), (280, 210)])
def test_any_shape_fits_its_tile(tmp_path, size):
    drawn = _drawn(tmp_path, Tile(_photo(size=size)))
    assert drawn.shape[1] == sheet.WIDTH + 2 * sheet.MARGIN
    assert (drawn[:, : sheet.MARGIN] == 255).all()


def test_many_tiles_wrap_and_the_rest_is_only_counted(tmp_path):
    drawn = [0]

    class Counted(BytesSource):
        def read(self):
            drawn[0] += 1
            return super().read()

    source = _photo()
    counted = Counted(source.name, source.read())
    draw_sheet(tmp_path / "a.png", (Tile(counted) for _ in range(1000)), at_most=7)
    assert drawn == [7]
    draw_sheet(tmp_path / "b.png", (Tile(counted) for _ in range(7)))
    draw_sheet(tmp_path / "c.png", (Tile(counted) for _ in range(7)), more=993)
    assert (tmp_path / "c.png").read_bytes() == (tmp_path / "a.png").read_bytes()
    with Image.open(tmp_path / "a.png") as more, Image.open(tmp_path / "b.png") as all_of_them:
        assert more.height == all_of_them.height + sheet.FOOT_LINE + sheet.MARGIN
        assert more.width == 4 * (sheet.WIDTH + sheet.MARGIN) + sheet.MARGIN


@pytest.mark.parametrize(("n", "across"), [(1, 1), (4, 4), (5, 3), (12, 4), (60, 6)])
def test_sheet_is_broader_than_high(n, across):
    assert sheet._across(n) == across


@pytest.mark.parametrize("label", ["жук-олень", "猫科动物", "x" * 300, "a\nb", "\udc80", ""])
def test_any_label_stays_in_its_tile(tmp_path, label):
    answers = [predicted(label, 0.5)]
    drawn = _drawn(tmp_path, Tile(_photo(name=f"{label}.jpg"), answers, truth=f"no {label}"))
    assert (drawn[:, -sheet.MARGIN :] == 255).all()


def test_reason_is_wrapped_and_cut():
    font = sheet.font(sheet.dejavu(), sheet.SMALL_SIZE)
    reason = "words " * 30 + "x" * 200
    lines = list(sheet._wrapped(reason, font, 200))
    assert max(map(font.getlength, lines)) <= 200
    assert " ".join(lines[:3]).split() == ["words"] * len(" ".join(lines[:3]).split())
    assert "".join(lines).count("x") == 200


def test_no_tiles_and_other_suffixes_are_refused(tmp_path):
    with pytest.raises(UsageError, match="at least one"):
        draw_sheet(tmp_path / "sheet.png", [])
    with pytest.raises(UsageError, match=r"end in \.png"):
        draw_sheet(tmp_path / "sheet.jpg", [Tile(_photo())])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.real_data
def test_real_photos(tmp_path, real_data):
    photos = sorted((real_data / "data" / "vehicles").rglob("*.jpg"))[::24]
    sources = [BytesSource(photo.name, photo.read_bytes()) for photo in photos]
    drawn = _drawn(tmp_path, *(Tile(source, [predicted("tanga", 0.6)]) for source in sources))
    assert drawn.std() > 40
