"""Where a tag is text and where it is the place of an image, for whatever a text may hold."""

from itertools import groupby

from hypothesis import given
from hypothesis import strategies as st

from dialogue.export_tags import MEDIA, escape, moved, parts, unescape, without_media

TAG = st.sampled_from(["<image>", "<\\image>", "<\\\\image>", "<video>", "<\\audio>", "<", ">", "\\", "<im", "age>"])
TEXT = st.lists(TAG | st.text(max_size=8), max_size=6).map("".join)  # what a name or a reviewer may write


@given(TEXT)
def test_an_escaped_text_holds_no_tag_and_comes_back_to_the_letter(text: str) -> None:
    escaped = escape(text, MEDIA)
    assert not any(f"<{tag}>" in escaped for tag in MEDIA)
    assert unescape(escaped, MEDIA) == text


@given(st.lists(TEXT | st.none(), max_size=6))
def test_parts_are_the_texts_and_images_that_a_value_was_made_of(said: list[str | None]) -> None:
    said = [
        part for image, run in groupby(said, lambda each: each is None) for part in (run if image else ["".join(run)])
    ]
    value = "".join("<image>" if part is None else escape(part) for part in said)
    found = list(parts(value))
    assert found.count(None) == said.count(None)
    assert "".join("\0" if part is None else part for part in found) == "".join(
        "\0" if part is None else part for part in said
    )


@given(TEXT, st.text("ab", min_size=1, max_size=4), TEXT)
def test_a_slot_names_the_same_words_however_the_text_around_it_is_spelt(before: str, name: str, after: str) -> None:
    value = f"{escape(before)} {name} {escape(after)}"
    start = len(escape(before)) + 1
    for spell in (unescape, without_media):
        ((begin, end, _),) = moved([(start, start + len(name), "e")], value, spell)
        assert spell(value)[begin:end] == name  # type: ignore[misc]
