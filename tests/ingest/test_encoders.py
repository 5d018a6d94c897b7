"""The offline encoder sees what its network was trained to see, and so does any model of open_clip."""

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import open_clip
import pytest
import safetensors.torch
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from open_clip.transform import image_transform
from PIL import Image

from ingest.encoder_names import size_of
from ingest.encoders import Encoder, fold_norms, has_bf16, load_encoder, space_of, width_of
from ingest.preprocess import preprocess
from ingest.sample import folder
from kg.errors import DataError
from tests.ingest.open_clip_model import Flag, flags


def test_features_have_length_one_and_the_width_that_is_promised(encoder: Encoder) -> None:
    features = encoder.encode([Image.new("RGB", (40, 30), colour) for colour in ("red", "white")] * 9)
    assert features.shape == (18, encoder.width)
    assert features.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(features, axis=1), 1, rtol=1e-5)
    np.testing.assert_allclose(features[0], features[2], atol=1e-5)  # whatever stands beside it in a batch


def test_a_space_is_named_by_its_weights(encoder: Encoder) -> None:
    assert encoder.space == "effnet-lite0@57934424"


def test_two_drawings_of_a_flag_are_nearer_than_two_flags(encoder: Encoder) -> None:
    names = ["flag-PE-twemoji", "flag-PE-noto", "flag-JP-twemoji", "flag-JP-noto"]
    pictures = [Image.open(folder() / "images" / f"{name}.webp").convert("RGB") for name in names]
    features = encoder.encode(pictures)
    near = features @ features.T
    assert near[0, 1] > near[0, 2]
    assert near[2, 3] > near[2, 1]


def test_folding_the_norms_changes_no_feature() -> None:
    from timm.layers.norm_act import BatchNormAct2d

    torch.manual_seed(0)
    plain = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), BatchNormAct2d(4, act_layer=torch.nn.ReLU6)).eval()
    with torch.no_grad():
        plain[1].running_mean.uniform_(-1, 1)
        plain[1].running_var.uniform_(0.5, 2)
        plain[1].weight.uniform_(0.5, 2)
        pixels = torch.randn(2, 3, 8, 8)
        before = plain(pixels)
        fold_norms(plain)
        torch.testing.assert_close(plain(pixels), before)
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in plain.modules())


@pytest.fixture(scope="module")
def clip(small_clip: str) -> Encoder:
    """The small open_clip model, loaded as its user loads it."""
    return load_encoder(small_clip, device="cpu", dtype=torch.float32)


@pytest.fixture(scope="module")
def some_flags() -> list[Flag]:
    """Countries with flags that no other has."""
    return [flag for flag in flags() if flag.name in {"Peru", "Japan", "Brazil", "Kenya", "Greece", "Canada", "Nepal"}]


def drawn(chosen: Sequence[Flag]) -> list[Image.Image]:
    """Return one drawing of each flag."""
    return [Image.open(folder() / flag.files[0]).convert("RGB") for flag in chosen]


def test_an_encoder_of_ones_own_knows_what_it_was_taught(clip: Encoder, some_flags: list[Flag]) -> None:
    assert clip.encode_text is not None
    texts = clip.encode_text([f"a photo of {flag.name}" for flag in some_flags])
    assert texts.shape == (7, clip.width)
    np.testing.assert_allclose(np.linalg.norm(texts, axis=1), 1, rtol=1e-5)
    assert (clip.encode(drawn(some_flags)) @ texts.T).argmax(1).tolist() == list(range(7))


def test_it_gives_what_open_clip_gives(clip: Encoder, small_clip: str, some_flags: list[Flag]) -> None:
    place = "local-dir:" + small_clip.partition(":")[2]
    model, _, transform = open_clip.create_model_and_transforms(place)
    with torch.inference_mode():
        theirs = model.eval().encode_image(torch.stack([transform(each) for each in drawn(some_flags)]), normalize=True)
        texts = model.encode_text(open_clip.get_tokenizer(place)(["Peru"]), normalize=True)
    assert ((clip.encode(drawn(some_flags)) * theirs.numpy()).sum(1) > 0.9999).all()
    assert clip.encode_text is not None
    np.testing.assert_allclose(clip.encode_text(["Peru"]), texts.numpy(), atol=1e-5)


def test_bfloat16_changes_next_to_nothing(clip: Encoder, small_clip: str, some_flags: list[Flag]) -> None:
    rough = load_encoder(small_clip, device="cpu", dtype=torch.bfloat16)
    assert {each.dtype for each in rough.tower.model.parameters()} == {torch.bfloat16}  # type: ignore[attr-defined]
    features = rough.encode(drawn(some_flags))
    assert features.dtype == np.float32
    assert ((features * clip.encode(drawn(some_flags))).sum(1) > 0.999).all()
    assert rough.encode_text is not None
    assert clip.encode_text is not None
    assert ((rough.encode_text(["Peru", "Japan"]) * clip.encode_text(["Peru", "Japan"])).sum(1) > 0.999).all()


def test_bfloat16_is_chosen_where_the_processor_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    flags_here = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    if flags_here:
        assert has_bf16(torch.device("cpu")) == any(flag in flags_here for flag in ("avx512_bf16", "amx_bf16", " bf16"))
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: {"amx_bf16": True})
    assert has_bf16(torch.device("cpu"))


def test_nothing_is_encoded_to_nothing(clip: Encoder) -> None:
    assert clip.encode([]).shape == (0, clip.width)
    assert clip.encode_text is not None
    assert clip.encode_text([]).shape == (0, clip.width)


def test_a_space_changes_with_weights_and_with_settings(small_clip: str, tmp_path: Path) -> None:
    folder_of = Path(small_clip.partition(":")[2])
    for name in ("same", "weights", "settings"):
        shutil.copytree(folder_of, tmp_path / name)
    other = torch.zeros(1)
    safetensors.torch.save_file({"x": other}, tmp_path / "weights" / "open_clip_model.safetensors")
    config = tmp_path / "settings" / "open_clip_config.json"
    config.write_text(config.read_text().replace('"squash"', '"shortest"'))
    spaces = {name: space_of(f"small:{tmp_path / name}") for name in ("same", "weights", "settings")}
    assert spaces.pop("same") == space_of(small_clip)
    assert space_of(small_clip) not in spaces.values()
    assert len(set(spaces.values())) == 2


def test_weights_for_a_configuration_of_ones_own(clip: Encoder, small_clip: str, tmp_path: Path) -> None:
    folder_of = Path(small_clip.partition(":")[2])
    config = json.loads((folder_of / "open_clip_config.json").read_text())
    (tmp_path / "tiny-flags.json").write_text(json.dumps(config["model_cfg"]))
    weights = tmp_path / "epoch_9.pt"  # as open_clip's training saves them
    state = safetensors.torch.load_file(folder_of / "open_clip_model.safetensors")
    torch.save({"epoch": 9, "state_dict": {f"module.{key}": value for key, value in state.items()}}, weights)
    name = f"{tmp_path / 'tiny-flags.json'}:{weights}"
    assert (space_of(name)[:11], width_of(name)) == ("tiny-flags@", 96)
    assert clip.encode_text is not None
    loaded = load_encoder(name, device="cpu", dtype=torch.float32)
    assert loaded.encode_text is not None
    np.testing.assert_allclose(loaded.encode_text(["Peru"]), clip.encode_text(["Peru"]), atol=1e-6)


def test_the_name_of_a_space_costs_no_torch(small_clip: str) -> None:
    code = (
        "import sys; from ingest.encoder_names import space_of, width_of; names = sys.argv[1:]; "
        "print(*[(space_of(n), width_of(n)) for n in names], 'torch' in sys.modules)"
    )
    names = ["lite", "ViT-L-14/openai", "hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K", small_clip]
    done = subprocess.run([sys.executable, "-c", code, *names], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == (
        "('effnet-lite0@57934424', 1280) ('ViT-L-14/openai', 768) "
        f"('hf-hub:laion/CLIP-ViT-B-32-laion2B-s34B-b79K', None) ('{space_of(small_clip)}', 96) False"
    )


def test_how_much_an_encoder_sees_is_known_before_pictures_are_decoded(small_clip: str) -> None:
    assert [size_of(name) for name in ("lite", "ViT-L-14-336/openai", "hf-hub:a/b", small_clip)] == [224, 336, 224, 48]


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("", "'' names no encoder; write `lite`"),
        ("clip", "'clip' names no encoder; write `lite`"),
        ("ViT-L-14", "'ViT-L-14' names no encoder"),
        (":x", "names no encoder"),
        ("ViT-B-32:/nowhere", "'/nowhere' does not exist"),
        ("ViT-X-99/openai", "no architecture 'ViT-X-99'"),
        ("../../etc/openai", "no architecture"),
        ("ViT-B-32/nope", "no published weights; of ViT-B-32 there are: openai"),
        ("small:{tmp}", "is no configuration of open_clip"),
        ("a b:{tmp}/bare", "'a b' is no name for an encoder"),
        ("small:{tmp}/bare", "holds no weights"),
        ("small:{tmp}/broken", "can't be loaded.*save the model again"),
        ("ViT-B-32:{tmp}/broken/open_clip_model.safetensors", "can't be loaded.*weights of this architecture"),
        ("{tmp}/bare/list.json:{tmp}/bare/list.json", "no object"),
        ("{tmp}/bare", "is a path; write `NAME:"),
    ],
)
def test_an_encoder_that_is_none_is_refused_with_what_to_do(
    tmp_path: Path, small_clip: str, name: str, message: str
) -> None:
    config = Path(small_clip.partition(":")[2]) / "open_clip_config.json"
    for place in ("bare", "broken"):
        (tmp_path / place).mkdir()
        shutil.copy(config, tmp_path / place)
    (tmp_path / "bare" / "list.json").write_text("[]")
    (tmp_path / "broken" / "open_clip_model.safetensors").write_bytes(b"no weights")
    with pytest.raises(DataError, match=message):
        load_encoder(name.replace("{tmp}", str(tmp_path)), device="cpu")


@pytest.mark.parametrize("mode", ["squash", "shortest"])
@pytest.mark.parametrize("filtering", ["bicubic", "bilinear"])
@settings(deadline=None, max_examples=15)
@given(st.tuples(st.integers(1, 400), st.integers(1, 400)), st.integers(0, 99))
def test_preprocessing_is_open_clips(mode: str, filtering: str, size: tuple[int, int], seed: int) -> None:
    mean, deviation = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)
    pixels = np.random.default_rng(seed).integers(0, 256, (12, 16, 3), np.uint8)
    picture = Image.fromarray(pixels).resize(size, Image.Resampling.BICUBIC)
    theirs = image_transform(96, False, mean, deviation, resize_mode=mode, interpolation=filtering)
    ours = preprocess(96, mean, deviation, mode, filtering)
    assert ours is not None
    level = 1 / 255 / min(deviation)
    differing = (ours(picture) - theirs(picture)).abs() / level
    assert differing.max() < 3.5
    assert differing.mean() < 0.2  # 0.106 where two pixels become ninety-six


def test_what_ours_does_not_do_is_left_to_open_clip() -> None:
    assert preprocess((224, 336), (0.5,) * 3, (0.5,) * 3, "squash", "bicubic") is None
    assert preprocess(224, (0.5,) * 3, (0.5,) * 3, "longest", "bicubic") is None
