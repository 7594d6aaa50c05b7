"""Toxicity by a mounted Detoxify model: the optional extra ``detoxify``, sampled, in a thread of its own.

Detoxify 0.5.4 cannot load offline in the documented way (it asks the hub for the base model even with a local
checkpoint), and it unpickles its checkpoint. So this module reads a folder itself: ``config.json`` and the tokenizer
files of the base model, and ``model.safetensors``, or the released ``*.ckpt`` with ``weights_only``. Nothing is
downloaded. One answer takes about 0.3 s on one core, and the process 2.1 GB: hence the sampling, the deadline and the
bounded queue.
"""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

log = logging.getLogger(__name__)

MAX_TOKENS: Final = 512
QUEUE: Final = 64
"""Maximum answers in the queue; more are dropped and counted."""
DEADLINE_S: Final = 30.0
"""An answer that waits longer is dropped and counted."""


class ModelError(Exception):
    """The model cannot be loaded; the message says what is missing and how to fix it."""


class DetoxifyModel:
    """A loaded model; not thread-safe."""

    def __init__(self, folder: Path) -> None:
        """Load from a folder. Raises ModelError if the extra or a file is missing or invalid."""
        os.environ["HF_HUB_OFFLINE"] = os.environ["TRANSFORMERS_OFFLINE"] = "1"
        try:
            import torch  # noqa: PLC0415 - optional, and 2 GB
            import transformers  # noqa: PLC0415
        except ImportError as error:
            raise ModelError("the extra is not installed: pip install 'tocsin[detoxify]'") from error
        self._torch = torch
        try:
            weights, self.classes = _weights(folder)
            config = transformers.AutoConfig.from_pretrained(
                folder, local_files_only=True, num_labels=len(self.classes), trust_remote_code=False
            )
            self._tokenizer = transformers.AutoTokenizer.from_pretrained(folder, local_files_only=True)
            self._model = transformers.AutoModelForSequenceClassification.from_config(config)
            wrong = self._model.load_state_dict(weights, strict=False)
        except ModelError:
            raise
        except Exception as error:  # whatever torch and transformers raise for a bad file
            raise ModelError(f"{folder}: {type(error).__name__} while loading: {error}") from error
        if wrong.missing_keys:
            raise ModelError(f"{folder}: the weights are not of this config.json: {wrong.missing_keys[0]} is missing")
        self._model.eval()

    def scores(self, text: str) -> dict[str, float]:
        """Return a probability for each of the model's classes; ``toxicity`` is always among them."""
        tokens = self._tokenizer(text, return_tensors="pt", truncation=True, max_length=MAX_TOKENS)
        with self._torch.inference_mode():
            logits = self._model(**tokens).logits[0]
        return dict(zip(self.classes, self._torch.sigmoid(logits).tolist(), strict=True))


def _weights(folder: Path) -> tuple[dict[str, Any], list[str]]:
    """Return the tensors and the names of the classes, in order."""
    import json  # noqa: PLC0415 - beside its only use

    if not (folder / "config.json").is_file():
        raise ModelError(f"{folder}: no config.json; put the base model's config.json and tokenizer files there")
    if (folder / "model.safetensors").is_file():
        from safetensors.torch import load_file  # noqa: PLC0415 - optional

        labels = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("id2label", {})
        classes = [labels[key] for key in sorted(labels, key=int)]
        weights = load_file(folder / "model.safetensors")
    elif found := sorted(folder.glob("*.ckpt")):
        import torch  # noqa: PLC0415 - optional

        checkpoint = torch.load(found[0], map_location="cpu", weights_only=True)
        classes = checkpoint["config"]["dataset"]["args"]["classes"]
        weights = checkpoint["state_dict"]
    else:
        raise ModelError(f"{folder}: neither model.safetensors nor a *.ckpt")
    if "toxicity" not in classes:
        raise ModelError(f"{folder}: no class named toxicity among {classes}")
    return weights, list(classes)


class SampledScorer:
    """Scores a share of the offered texts in one thread; never blocks the caller.

    ``dropped`` counts texts that were sampled but not scored: queue full, deadline passed, or the model failed. It is
    the value of ``tocsin_scoring_dropped_total{detector="detoxify"}``.
    """

    def __init__(
        self,
        score: Callable[[str], dict[str, float]],
        rate: float,
        deadline: float = DEADLINE_S,
        queue_size: int = QUEUE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Score a share 0..1 of the texts: every 1/rate-th, so that the rate is exact."""
        self.rate = rate
        self.scored = self.dropped = 0
        self._score, self._deadline, self._clock = score, deadline, clock
        self._credit = 0.0
        self._queue: queue.Queue[tuple[str, float, Callable[[dict[str, float]], None]] | None] = queue.Queue(queue_size)
        self._thread = threading.Thread(target=self._run, name="detoxify", daemon=True)
        self._thread.start()

    def offer(self, text: str, done: Callable[[dict[str, float]], None]) -> bool:
        """Offer a text; ``done`` is called in the worker thread. Return whether it will be scored."""
        self._credit += self.rate
        if self._credit < 1:
            return False
        self._credit -= 1
        try:
            self._queue.put_nowait((text, self._clock() + self._deadline, done))
        except queue.Full:
            self.dropped += 1
            return False
        return True

    def close(self) -> None:
        """Let the worker finish the queue, then stop it."""
        self._queue.put(None)
        self._thread.join()

    def _run(self) -> None:
        while (item := self._queue.get()) is not None:
            text, expires, done = item
            if self._clock() > expires:
                self.dropped += 1
                continue
            try:
                done(self._score(text))
            except Exception as error:  # noqa: BLE001 - a text that breaks the model must not end the worker
                self.dropped += 1
                log.error("the Detoxify model failed: %s", type(error).__name__)
            else:
                self.scored += 1
