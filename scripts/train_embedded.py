"""Make the embedded base model from nothing: tokenizer, mixture, training, evaluation, card.

    python scripts/train_embedded.py --data ../shared/data/pretrain --out src/humpback/lm/embedded/model

Qwen3 architecture, 6.8 M parameters, a byte-level BPE of 8,192 that meets the contract of typed decisions (yes, no, Yes,
No, letters and digits are one token each after the prompt). Two CPU cores take about an hour for the default budget;
on a GPU give `--tokens 400000000`. Every draw is seeded.
"""

import argparse
import itertools
import json
import math
import random
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

import embedded_corpus as corpus
import torch
from embedded_corpus import Example
from embedded_headings import CaseBook
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import PreTrainedTokenizerFast, Qwen3Config, Qwen3ForCausalLM

from humpback.lm.chat import CHATML, plain_ids, render

CONTEXT = 1024
SPECIALS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
# Share of the tokens, and the exponent that bends each kind towards the start (< 1: plain text first) or the end.
MIXTURE = {"plain": 0.30, "backward": 0.44, "forward": 0.20, "decision": 0.06}
# The instruction is a twentieth of its example and the reason for it: its tokens weigh as much as four others.
BACKWARD_WEIGHT = 4.0


def train_tokenizer(texts: list[str]) -> PreTrainedTokenizerFast:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=8192,
        special_tokens=SPECIALS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    labels = [word for word in ("yes", "no", "Yes", "No") for _ in range(20_000)]
    tokenizer.train_from_iterator(itertools.chain(texts, labels), trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer,
        eos_token="<|im_end|>",
        pad_token="<|endoftext|>",
        additional_special_tokens=["<|im_start|>"],
        chat_template=CHATML,
        model_max_length=CONTEXT * 2,
        clean_up_tokenization_spaces=False,
    )


def check_contract(tokenizer: PreTrainedTokenizerFast) -> None:
    """Each label must add exactly one token, its own, after the opened assistant turn (typed decisions, vLLM's check)."""
    labels = [*"ABCDEFGHIJKLMNOPQRSTUVWXYZ", *"0123456789", "yes", "no", "Yes", "No"]
    prompt = render(tokenizer, "State and question.").prompt
    text = tokenizer.decode(prompt)
    for label in labels:
        ids = tokenizer.encode(text + label, add_special_tokens=False)
        if ids[:-1] != prompt or len(ids) != len(prompt) + 1:
            raise SystemExit(f"the label {label!r} is not one token after the prompt: {ids[len(prompt) - 1 :]}")


def streams(folder: Path, seed: int) -> tuple[dict, list[Example], CaseBook, list[str]]:
    """Endless streams by kind, held-out examples, the case book, and the texts for the tokenizer."""
    prose, manuals = corpus.load(folder)
    book = CaseBook.read([s.text for s in prose])
    topics = (Path(__file__).parent / "embedded_topics.txt").read_text().split()
    kept = [s for s in prose if not corpus.is_held_out(s.title)]
    held = [s for s in prose if corpus.is_held_out(s.title)]
    headed = kept + [m for m in manuals if m.source in ("help", "2.0", "debian-handbook") and len(m.text) < 6000]
    titles = [s.path[0] for s in kept if s.path]

    def rolled(name: str, sections: list) -> tuple[random.Random, object]:
        rng = random.Random(f"{seed}/{name}")
        return rng, corpus.pairs(list(sections), topics, book, rng)

    def backward(sections: list, name: str = "backward"):
        rng, made = rolled(name, sections)
        return (corpus.backward(s, i, titles, rng) for s, i in made)

    def decisions():
        rng, made = rolled("decision", kept)
        return (corpus.decision(*one, other, rng) for one, other in zip(made, made, strict=False))

    kinds = {
        "plain": corpus.documents(kept, manuals, random.Random(f"{seed}/plain")),
        "backward": backward(headed),
        "forward": (corpus.forward(s, i) for s, i in rolled("forward", kept)[1]),
        "decision": decisions(),
    }
    held_examples = [*itertools.islice(backward(held, "held"), 200)]
    held_examples += [Example("plain", text=s.text) for s in held[:200]]
    texts = [s.text for s in prose] + [s.text[:4000] for s in manuals] + [" ".join(topics)] * 40
    return kinds, held_examples, book, texts


def encode(tokenizer: PreTrainedTokenizerFast, example: Example) -> tuple[list[int], list[float]]:
    """(ids, weight of each id as a target); every example ends with the document separator."""
    end = tokenizer.pad_token_id
    if example.kind == "plain":
        ids = plain_ids(tokenizer, example.text)
        return [*ids, end], [1.0] * (len(ids) + 1)
    made = render(tokenizer, example.prompt, example.completion)
    weight = BACKWARD_WEIGHT if example.kind in ("backward", "decision") else 1.0
    return [*made.prompt, *made.completion, end], [1.0] * len(made.prompt) + [weight] * len(made.completion) + [1.0]


def collect(tokenizer: PreTrainedTokenizerFast, kinds: dict, tokens: int, seed: int) -> tuple[list, Counter]:
    """Documents of every kind up to its share, in the order of training: plain text early, exchanges late."""
    rng = random.Random(f"{seed}/order")
    placed, counts = [], Counter()
    for kind, share in MIXTURE.items():
        while counts[kind] < tokens * share:
            ids, weights = encode(tokenizer, next(kinds[kind]))
            counts[kind] += len(ids)
            place = rng.random() * 0.75 if kind == "plain" else rng.random() ** 0.7
            placed.append((place, ids[: CONTEXT + 1], weights[: CONTEXT + 1]))
    placed.sort(key=lambda item: item[0])
    return [(ids, weights) for _, ids, weights in placed], counts


def batches(docs: list, rows: int) -> list[tuple[torch.Tensor, torch.Tensor]]:
    ids = torch.tensor([i for doc, _ in docs for i in doc], dtype=torch.long)
    weights = torch.tensor([w for _, ws in docs for w in ws], dtype=torch.float32)
    size = rows * (CONTEXT + 1)
    count = len(ids) // size
    shape = (count, rows, CONTEXT + 1)
    return list(zip(ids[: count * size].view(shape), weights[: count * size].view(shape), strict=True))


def build_model(tokenizer: PreTrainedTokenizerFast) -> Qwen3ForCausalLM:
    config = Qwen3Config(
        vocab_size=8192,
        hidden_size=256,
        num_hidden_layers=6,
        num_attention_heads=4,
        num_key_value_heads=2,
        head_dim=64,
        intermediate_size=768,
        max_position_embeddings=CONTEXT * 2,
        tie_word_embeddings=True,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        attn_implementation="sdpa",
    )
    return Qwen3ForCausalLM(config)


def optimizers(model: Qwen3ForCausalLM) -> list[torch.optim.Optimizer]:
    """Muon on the hidden matrices, AdamW on embedding and norms."""
    hidden = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    rest = [p for name, p in model.named_parameters() if p.ndim != 2 or "embed" in name]
    muon = torch.optim.Muon(hidden, lr=0.02, momentum=0.95, weight_decay=0.02, adjust_lr_fn="original")
    return [muon, torch.optim.AdamW(rest, lr=3e-3, betas=(0.9, 0.95), weight_decay=0.0, fused=True)]


def schedule(step: int, steps: int) -> float:
    """Warm up over 60 steps, hold, and fall linearly to a hundredth over the last 55 %."""
    if step < 60:
        return (step + 1) / 60
    return max(0.01, min(1.0, (steps - step) / (0.55 * steps)))


def weighted_loss(model, ids: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    logits = model(input_ids=ids[:, :-1]).logits
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1).float(), ids[:, 1:].flatten(), reduction="none")
    flat = weights[:, 1:].flatten()
    return (losses * flat).sum() / flat.sum()


def train(model, tokenizer, data: list, device: str, seed: int, out: Path) -> float:
    torch.manual_seed(seed)
    model.to(device).train()
    opts = optimizers(model)
    base = [group["lr"] for opt in opts for group in opt.param_groups]
    step_loss = torch.compile(weighted_loss)
    started, smooth = time.time(), None
    for step, (ids, weights) in enumerate(data):
        scale = schedule(step, len(data))
        for group, lr in zip((g for opt in opts for g in opt.param_groups), base, strict=True):
            group["lr"] = lr * scale
        with torch.autocast(device, dtype=torch.bfloat16):
            loss = step_loss(model, ids.to(device), weights.to(device))
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for opt in opts:
            opt.step()
            opt.zero_grad(set_to_none=True)
        value = loss.item()
        if not math.isfinite(value):
            raise SystemExit(f"the loss is {value} at step {step}")
        smooth = value if smooth is None else 0.98 * smooth + 0.02 * value
        if step % 20 == 0:
            rate = (step + 1) * ids.numel() / (time.time() - started)
            left = (len(data) - step) * ids.numel() / rate / 60
            print(f"step {step}/{len(data)} loss {smooth:.3f} {rate:.0f} tokens/s {left:.0f} min left", flush=True)
        if step and step % 500 == 0:
            save(model, tokenizer, out.with_name(out.name + ".checkpoint"))
    return time.time() - started


@torch.no_grad()
def held_out(model, tokenizer, examples: list[Example], device: str) -> dict[str, float]:
    """Unweighted loss in nats per token: of plain text, and of the instruction alone given its section."""
    model.eval()
    sums: dict[str, list[float]] = {}
    for example in examples:
        ids, _ = encode(tokenizer, example)
        ids = ids[: CONTEXT + 1]
        start = 0 if example.kind == "plain" else len(render(tokenizer, example.prompt).prompt) - 1
        x = torch.tensor([ids], device=device)
        losses = torch.nn.functional.cross_entropy(model(input_ids=x[:, :-1]).logits[0].float(), x[0, 1:], reduction="none")
        sums.setdefault(example.kind, []).extend(losses[start:].tolist())
    return {kind: sum(values) / len(values) for kind, values in sums.items()}


def save(model, tokenizer, out: Path) -> None:
    import copy

    half = copy.deepcopy(model).to("cpu", torch.bfloat16)
    half.generation_config.eos_token_id = [tokenizer.eos_token_id, tokenizer.pad_token_id]
    half.generation_config.pad_token_id = tokenizer.pad_token_id
    half.save_pretrained(out)
    tokenizer.save_pretrained(out)


def finish(out: Path, facts: dict) -> None:
    """Beside the weights: the role and the settings that the model recommends, and its card."""
    here = Path(__file__).parent
    shutil.copy(here / "embedded_settings.json", out / "humpback.json")
    losses = facts["held_out_nats_per_token"]
    card = (here / "embedded_card.md").read_text(encoding="utf-8")
    total = sum(facts["tokens"].values())
    values = {
        "PARAMETERS": f"{facts['parameters'] / 1e6:.1f} million",
        "TOKENS": f"{total / 1e6:.1f} million",
        "MIX": ", ".join(f"{kind} {count / total:.0%}" for kind, count in facts["tokens"].items()),
        "PLAIN": f"{losses['plain']:.2f}",
        "BACKWARD": f"{losses['backward']:.2f}",
        "MINUTES": f"{facts['minutes']:.0f} minutes on {facts['device']}",
        "TORCH": facts["torch"],
    }
    for name, value in values.items():
        card = card.replace("{" + name + "}", value)
    (out / "README.md").write_text(card, encoding="utf-8")


@torch.no_grad()
def show_samples(model, tokenizer, examples: list[Example], device: str) -> None:
    for example in [e for e in examples if e.kind == "backward"][:25]:
        ids = torch.tensor([render(tokenizer, example.prompt).prompt], device=device)
        made = model.generate(ids, max_new_tokens=40, do_sample=False, eos_token_id=tokenizer.eos_token_id)
        print(
            "  asked:", example.completion, "\n  made: ", tokenizer.decode(made[0, ids.shape[1] :], skip_special_tokens=True)
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/pretrain"))
    parser.add_argument("--out", type=Path, default=Path("src/humpback/lm/embedded/model"))
    parser.add_argument("--tokens", type=int, default=20_000_000)
    parser.add_argument("--rows", type=int, default=8, help="sequences of 1,024 tokens in a batch")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument("--seed", type=int, default=42)
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    kinds, held, _, texts = streams(args.data, args.seed)
    tokenizer = train_tokenizer(texts)
    check_contract(tokenizer)
    docs, counts = collect(tokenizer, kinds, args.tokens, args.seed)
    print(
        "tokens by kind:",
        dict(counts),
        "characters per token:",
        round(len(texts[0]) / len(tokenizer.encode(texts[0])), 2),
        flush=True,
    )
    torch.manual_seed(args.seed)
    model = build_model(tokenizer)
    seconds = train(model, tokenizer, batches(docs, args.rows), args.device, args.seed, args.out)
    losses = held_out(model, tokenizer, held, args.device)
    save(model, tokenizer, args.out)
    facts = {
        "parameters": sum(p.numel() for p in model.parameters()),
        "tokens": dict(counts),
        "held_out_nats_per_token": losses,
        "minutes": round(seconds / 60, 1),
        "device": args.device,
        "seed": args.seed,
        "torch": torch.__version__,
    }
    (args.out / "training.json").write_text(json.dumps(facts, indent=2) + "\n")
    finish(args.out, facts)
    print(json.dumps(facts, indent=2))
    show_samples(model, tokenizer, held, args.device)


if __name__ == "__main__":
    sys.exit(main())
