import sys
import types

import numpy as np
import onnx
import pytest
import tokenizers
from hypothesis import given
from hypothesis import strategies as st

from tocsin.detectors.base import Report, Subject
from tocsin.detectors.embedding import DIMENSIONS, HashedEmbedder, OnnxEmbedder, WordLlamaEmbedder, cosine, unit
from tocsin.detectors.topic import TopicDetector

QUESTION = "How do I replace the brake pads of a road bicycle, and which tools do I need for it?"
ON = (
    "To replace the brake pads of a bicycle you need an Allen key. Loosen the bolt that holds the old brake pad, slide it out, "
    "and put the new pad in. Align the pad with the rim, tighten the bolt, and squeeze the brake lever. Check that the pads of "
    "the bicycle touch the rim evenly, and that the wheel turns freely when the brake is released. Tools that help are a "
    "cable cutter and a small file, in case the pads squeal. Replace both pads at once, since old ones brake less. "
)
OFF = (
    "Photosynthesis converts light energy into chemical energy. Chlorophyll absorbs photons, water splits into oxygen and "
    "hydrogen, and carbon dioxide becomes sugar inside chloroplasts. Plants release oxygen while storing starch, whereas "
    "animals consume oxygen and exhale carbon dioxide. Leaves contain stomata, tiny pores through which gases pass. Sunlight, "
    "temperature, water supply plus nutrients limit growth. Algae, cyanobacteria, mosses perform similar chemistry, shaping "
    "Earth's atmosphere over billions of years, forming sediments, fossil fuels, limestone. "
) * 2
EMBEDDER = HashedEmbedder()


def judge(text, question=QUESTION, **options):
    report = Report()
    TopicDetector(EMBEDDER, **options).scan(Subject(text, question=question), (), report)
    return report


def test_an_answer_is_nearer_to_its_question_than_another():
    assert judge(ON).scores["topic"] > 0.3
    assert judge(OFF).scores["topic"] < 0.1


def test_a_long_answer_that_shares_nothing_is_off_topic():
    assert [(f.kind, f.type) for f in judge(OFF).findings] == [("quality", "off_topic")]
    assert judge(ON).findings == []


@pytest.mark.parametrize(
    ("text", "question"), [(OFF[:120], QUESTION), (OFF, "Hm?")], ids=["short answer", "short question"]
)
def test_short_texts_are_never_off_topic(text, question):
    assert judge(text, question).findings == []


def test_without_a_question_there_is_no_result():
    assert judge(ON, None) == Report()


@pytest.mark.parametrize(("text", "question"), [("...", QUESTION), (ON, "?!")])
def test_texts_without_words_have_no_similarity(text, question):
    assert judge(text, question).scores == {"topic": None}


def test_scripts_without_spaces_are_compared():
    assert judge("巴黎是法国的首都，位于塞纳河畔。", "法国的首都是哪里？").scores["topic"] > 0.2


@given(st.text(), st.text())
def test_similarity_is_a_share(first, second):
    vectors = EMBEDDER.embed(first), EMBEDDER.embed(second)

    assert all(vector.shape == (DIMENSIONS,) and np.isfinite(vector).all() for vector in vectors)
    assert 0.0 <= cosine(*vectors) <= 1.0


@given(st.text(min_size=3, alphabet="abcdef "))
def test_a_text_is_like_itself(text):
    vector = EMBEDDER.embed(text)

    assert not vector.any() or cosine(vector, vector) == pytest.approx(1.0, abs=1e-5)


def test_zeros_stay_zeros():
    assert not unit(np.zeros(3)).any()


def test_wordllama_gets_the_location_of_its_files(monkeypatch, tmp_path):
    asked = {}

    class Model:
        def embed(self, texts):
            return np.array([[3.0, 4.0] for _ in texts])

    class WordLlama:
        @staticmethod
        def load(**options):
            asked.update(options)
            return Model()

    fake = types.ModuleType("wordllama")
    fake.__file__, fake.WordLlama = str(tmp_path / "__init__.py"), WordLlama
    monkeypatch.setitem(sys.modules, "wordllama", fake)

    assert WordLlamaEmbedder().embed("x").tolist() == pytest.approx([0.6, 0.8])
    assert asked == {"cache_dir": tmp_path, "disable_download": True}


def test_wordllama_loads_offline():
    embedder = WordLlamaEmbedder()

    assert cosine(embedder.embed(QUESTION), embedder.embed(ON)) > cosine(embedder.embed(QUESTION), embedder.embed(OFF))


def test_a_mounted_onnx_model_is_loaded_and_averaged(tmp_path):
    words = {"[UNK]": 0, "red": 1, "blue": 2}
    tokenizer = tokenizers.Tokenizer(tokenizers.models.WordLevel(words, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Whitespace()
    tokenizer.save(str(tmp_path / "tokenizer.json"))
    helper, kind = onnx.helper, onnx.TensorProto
    table = helper.make_tensor("table", kind.FLOAT, [3, 2], [0.0, 0.0, 1.0, 0.0, 0.0, 1.0])
    graph = helper.make_graph(
        [helper.make_node("Gather", ["table", "input_ids"], ["hidden"])], "tiny",
        [helper.make_tensor_value_info("input_ids", kind.INT64, [None, None])],
        [helper.make_tensor_value_info("hidden", kind.FLOAT, [None, None, 2])], [table],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    onnx.save(model, str(tmp_path / "model.onnx"))

    embedder = OnnxEmbedder(tmp_path)

    assert embedder.embed("red").tolist() == pytest.approx([1.0, 0.0])
    assert embedder.embed("red blue").tolist() == pytest.approx([0.5**0.5] * 2)


def test_a_missing_onnx_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"model\.onnx"):
        OnnxEmbedder(tmp_path)
