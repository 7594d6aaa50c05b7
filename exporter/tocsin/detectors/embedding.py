"""Embedders: texts as vectors, whose cosine is the similarity of their subjects.

The default needs no model: each word stem is hashed into one of 4,096 dimensions, weighted by its rarity
(feature hashing, Weinberger et al. 2009, https://arxiv.org/abs/0902.2206). Better ones are optional: ``wordllama``, and
any sentence model as an ONNX file that the user mounts.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from tocsin.detectors.linear import DATA
from tocsin.detectors.ngrams import Hashes, beginnings, beginnings_of_two

Vector = NDArray[np.float32]

EMBEDDED_CHARS: Final = 4_096
"""Characters of a text that are embedded, from its start."""
DIMENSIONS: Final = 4_096
RARITIES: Final = 8_192
_STEM: Final = 4
"""Letters of a word's stem."""
_TINY: Final = 1e-30
"""Keeps a quotient finite for texts of only the commonest words, which have no weight."""


class Embedder(Protocol):
    """Makes vectors of texts."""

    name: str
    tier: int

    def embed(self, text: str) -> Vector:
        """Return a vector of length 1, or of zeros if the text has no content."""


class HashedEmbedder:
    """Hashing of word stems, weighted by rarity; 0.03 MB. Similarity to unrelated texts is about 0.02."""

    name = "hashed"
    tier = 1

    def __init__(self) -> None:
        with np.load(DATA / "rarity.npz", allow_pickle=False) as data:
            self._rarity = data["rarity"].astype(np.float64) * float(data["step"])

    def embed(self, text: str) -> Vector:
        """Return the vector of a text."""
        places, weights = self._weighted(stems(text))
        total = float(weights.sum())
        if not total:
            return np.zeros(DIMENSIONS, np.float32)
        weights /= total  # the squares of the vector's numbers: their sum is 1
        return np.sqrt(np.bincount(places, weights, DIMENSIONS)).astype(np.float32)

    def similarity(self, first: str, second: str) -> float | None:
        """Return the cosine of the vectors of two texts, without computing them; None if a text has no content."""
        first, second = first[:EMBEDDED_CHARS], second[:EMBEDDED_CHARS]
        hashes, count = beginnings_of_two(first, second, _STEM)
        places, weights = self._weighted(hashes)
        at, own_weights, other_weights = places[:count], weights[:count], weights[count:]
        lengths = float(own_weights.sum()) * float(other_weights.sum())
        if not lengths:
            return None
        own, others = np.bincount(at, own_weights), np.bincount(places[count:], other_weights, DIMENSIONS)
        # The sum of sqrt(own * others) over all dimensions, computed only where the first text has a word.
        ratios = np.sqrt(others.take(at) / (own.take(at) + _TINY))
        return min(1.0, float(own_weights @ ratios) / math.sqrt(lengths))

    def _weighted(self, hashes: Hashes) -> tuple[Hashes, NDArray[np.float64]]:
        """Return dimension and weight of each stem."""
        return hashes >> np.uint32(20), self._rarity.take(rarity_places(hashes))


def stems(text: str) -> Hashes:
    """Return hashes of the word stems of a text; of pairs of letters in scripts without spaces."""
    return beginnings(text[:EMBEDDED_CHARS], _STEM)


def rarity_places(hashes: Hashes) -> Hashes:
    """Return the indices of stems in the table of rarities: other bits of the hash than the dimension."""
    return (hashes >> np.uint32(4)) & np.uint32(RARITIES - 1)


def unit(raw: NDArray[Any]) -> Vector:
    """Scale a vector to length 1; zeros stay zeros."""
    length = math.sqrt(float(raw @ raw))
    return np.asarray(raw / length if length else raw, np.float32)


def cosine(first: Vector, second: Vector) -> float:
    """Return the similarity of two vectors of length 1, clamped to 0..1."""
    return min(1.0, max(0.0, float(first @ second)))


class EmbedderError(ValueError):
    """An embedder is not available; the message says why and how to fix it."""


def embedder(name: str, folder: Path | None = None) -> Embedder:
    """Make an embedder by its name: ``hashed``, ``wordllama`` or, from a folder, ``onnx``.

    Raises:
        EmbedderError: a package or a file is missing or invalid.
    """
    try:
        if name == "wordllama":
            return WordLlamaEmbedder()
        if name == "onnx":
            return OnnxEmbedder(folder or Path())
    except ImportError:
        raise EmbedderError(f"{name} is not installed: pip install 'tocsin[embeddings]'") from None
    except Exception as error:  # whatever the runtimes raise for a bad file
        raise EmbedderError(f"{name} cannot be loaded: {error}") from error
    return HashedEmbedder()


class WordLlamaEmbedder:
    """Static word vectors of the package ``wordllama``: 80 MB, 2 to 3 ms per 2 KB.

    Its vectors derive from a model's token embeddings: mind that model's licence.

    Raises:
        ImportError: the package is not installed.
    """

    name = "wordllama"
    tier = 1

    def __init__(self) -> None:
        import wordllama  # noqa: PLC0415 - optional

        # The wheel looks for its own files in the wrong place unless given their location.
        package = Path(wordllama.__file__).parent
        self._model = wordllama.WordLlama.load(cache_dir=package, disable_download=True)

    def embed(self, text: str) -> Vector:
        """Return the vector of a text."""
        return unit(np.asarray(self._model.embed([text[:EMBEDDED_CHARS]])[0], np.float64))


class OnnxEmbedder:
    """A sentence model that the user mounts: ``model.onnx`` and ``tokenizer.json`` in one folder.

    Feeds BERT's inputs and averages the token vectors (or uses a pooled output), as MiniLM requires. Nothing is
    downloaded, and neither file can contain code. 15 to 70 ms per 2 KB: for samples.

    Raises:
        ImportError: the packages ``onnxruntime`` and ``tokenizers`` are not installed.
        FileNotFoundError: one of the files is missing.
    """

    name = "onnx"
    tier = 2

    def __init__(self, folder: Path, *, max_tokens: int = 128, threads: int = 1) -> None:
        import onnxruntime  # noqa: PLC0415 - optional
        from tokenizers import Tokenizer  # noqa: PLC0415 - optional

        for name in ("model.onnx", "tokenizer.json"):
            if not (folder / name).is_file():
                raise FileNotFoundError(f"{folder / name}: the embedder needs model.onnx and tokenizer.json")
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        self._session = onnxruntime.InferenceSession(
            str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
        )
        self._inputs = {node.name for node in self._session.get_inputs()}
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(max_tokens)
        self._tokenizer.no_padding()

    def embed(self, text: str) -> Vector:
        """Return the vector of a text."""
        encoding = self._tokenizer.encode(text[:EMBEDDED_CHARS])
        fields = {
            "input_ids": encoding.ids, "attention_mask": encoding.attention_mask, "token_type_ids": encoding.type_ids,
        }  # fmt: skip
        feeds = {name: np.array([values], np.int64) for name, values in fields.items() if name in self._inputs}
        if not encoding.ids:
            return np.zeros(1, np.float32)
        output = np.asarray(self._session.run(None, feeds)[0], np.float64)
        return unit(output[0].mean(axis=0) if output.ndim == 3 else output[0])
