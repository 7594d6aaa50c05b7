"""The extra ``detoxify`` with the real package and a tiny model made here; run by ``make test-detoxify``."""

import json

import pytest

torch = pytest.importorskip("torch")
detoxify = pytest.importorskip("detoxify")
transformers = pytest.importorskip("transformers")

from safetensors.torch import save_file  # noqa: E402

from tocsin.detectors.detoxify_model import DetoxifyModel, ModelError  # noqa: E402

CLASSES = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A checkpoint of Detoxify's own shape with random weights, and a tokenizer of a few words."""
    folder = tmp_path_factory.mktemp("model")
    words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "you", "are", "a", "fool", "kind"]
    (folder / "vocab.txt").write_text("\n".join(words))
    transformers.BertTokenizerFast(vocab_file=str(folder / "vocab.txt")).save_pretrained(folder)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16,
        num_labels=len(CLASSES),
    )  # fmt: skip
    config.save_pretrained(folder)
    torch.manual_seed(1)
    args = {
        "model_type": str(folder), "model_name": "BertForSequenceClassification", "tokenizer_name": "BertTokenizer",
        "num_classes": len(CLASSES),
    }  # fmt: skip
    checkpoint = {
        "config": {"arch": {"args": args}, "dataset": {"args": {"classes": CLASSES}}},
        "state_dict": transformers.BertForSequenceClassification(config).state_dict(),
    }
    torch.save(checkpoint, folder / "tiny.ckpt")
    return folder


def test_scores_are_those_of_the_real_package(folder, monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    theirs = detoxify.Detoxify(checkpoint=str(folder / "tiny.ckpt"), device="cpu").predict("you are a fool")

    assert DetoxifyModel(folder).scores("you are a fool") == pytest.approx(theirs, abs=1e-5)


def test_safetensors_are_read_as_well(folder, tmp_path):
    for file in folder.iterdir():
        if file.suffix != ".ckpt":
            (tmp_path / file.name).write_bytes(file.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"id2label": dict(enumerate(CLASSES))}))
    state = torch.load(folder / "tiny.ckpt", weights_only=True)["state_dict"]
    save_file({key: value.contiguous() for key, value in state.items()}, tmp_path / "model.safetensors")

    assert DetoxifyModel(tmp_path).scores("kind") == pytest.approx(DetoxifyModel(folder).scores("kind"), abs=1e-6)


def test_a_checkpoint_that_would_run_code_is_refused(folder, tmp_path):
    class Evil:
        def __reduce__(self):
            return (print, ("ran",))

    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    torch.save({"config": Evil(), "state_dict": {}}, tmp_path / "evil.ckpt")

    with pytest.raises(ModelError, match="UnpicklingError"):
        DetoxifyModel(tmp_path)


def test_a_long_text_is_cut_not_refused(folder):
    assert 0 <= DetoxifyModel(folder).scores("you are a fool " * 1000)["toxicity"] <= 1
