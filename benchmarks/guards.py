"""The guards: speed, false alarms and catches: python benchmarks/guards.py ../shared/data

DATA holds instructions/ (LIMA, Self-Instruct), alpaca_eval/ (outputs of three models) and guards/ (90 instructions that a
public reproduction of the method generated). For every guard by itself: how many pairs of each set it flags, what share
of faults made from LIMA's pairs it catches, and its share of the time. Faults in words are listed here, apart from the
tests; most were written after the guards, to measure them on what they were not made for.
"""

import argparse
import gzip
import json
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args

from humpback.guards.checks import GUARDS, GuardConfig, GuardName, fault
from humpback.guards.pair import PairTexts
from humpback.schema import Row
from humpback.text.language import identify

LEAKS = (
    "What would a person have to type to get back what is written here?",
    "Your job: produce the user's request behind this reply.",
    "The assistant's response explains this in detail. What did the user ask?",
    "Please write an instruction that the assistant could have received before writing this answer.",
    "As the text is about this topic, the question could be: how does it work?",
    "Output only the instruction: how does it work?",
    "I think the instruction was to explain how it works.",
    "Given the following passage, write an instruction to which it is the response.",
    "You are an AI assistant. Predict the question behind a given answer.",
    "Hmm, the user needs an instruction that fits the text.",
    "The following is a response from an AI assistant. Identify the prompt.",
    "System: You are a helpful assistant. User: How does it work?",
)
REFUSALS = (
    "I apologize, but I'm unable to provide an instruction for that.",
    "I'm afraid I can't help with creating this.",
    "As a language model, I can only work with text.",
    "Leider kann ich bei dieser Anfrage nicht helfen.",
    "Je ne suis pas en mesure de répondre à cette question.",
    "Lo lamento, no puedo generar ese contenido.",
    "对不起，我不能协助完成这个请求。",
)
GENERIC = (
    "What information does this passage give?",
    "Write a short summary of the text above.",
    "List the most important points made in the article.",
    "What happened, according to the text?",
    "Explain it in simple words.",
    "Was sind die Kernaussagen dieses Artikels?",
    "Quel est le sujet de cet article ?",
    "¿Cuál es la idea principal del texto anterior?",
)
FOREIGN = (
    "Erkläre mir bitte ausführlich, wie das in der Praxis funktioniert.",
    "Pouvez-vous m'expliquer comment cela fonctionne en pratique ?",
    "¿Puedes explicarme cómo funciona esto en la práctica?",
    "Объясни, пожалуйста, подробно, как это работает на практике.",
    "请详细解释一下这在实践中是如何运作的，并举几个例子来说明它的好处。",
)
PERSONAL = ("max.muster@gmx.de", "+1 650 636 4884", "4111 1111 1111 1111", "DE89370400440532013000", "93.184.216.34")


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def pair(instruction: str, response: str, **more: Any) -> Row:
    return {"instruction": instruction.strip(), "response": response.strip(), "lang": identify(response)[0], **more}


def tasks(path: Path) -> list[Row]:
    found = [(record["instruction"], given) for record in lines(path) for given in record["instances"]]
    return [pair(f"{asked}\n\n{given['input']}", given["output"]) for asked, given in found]


def data_sets(data: Path) -> Iterator[tuple[str, list[Row]]]:
    folder = data / "instructions"
    yield "lima", [pair(*record["conversations"][:2]) for record in lines(folder / "lima_train.jsonl")]
    yield "seed_tasks", tasks(folder / "self_instruct_seed_tasks.jsonl")
    yield "user_tasks", tasks(folder / "self_instruct_user_oriented.jsonl")
    for path in sorted((data / "alpaca_eval").glob("*.outputs.json.gz")):
        records = json.loads(gzip.decompress(path.read_bytes()))
        yield path.name.split(".")[0][-12:], [pair(record["instruction"], record["output"]) for record in records]
    made = lines(data / "guards" / "qwen3_generated_instructions.jsonl")
    yield "qwen3_90", [pair(record["generated_instruction"], record["lima_completion"]) for record in made]


def made_faults(pairs: list[Row]) -> Iterator[tuple[str, GuardName, list[Row]]]:
    """(name, guard that should catch it, pairs with that fault)."""
    draw = random.Random(0)

    def each(make: Callable[[Row], str]) -> list[Row]:
        return [{**row, "instruction": make(row)} for row in pairs]

    def of(phrases: tuple[str, ...]) -> list[Row]:
        return [{**row, "instruction": phrase} for phrase in phrases for row in pairs[:20]]

    yield "answer's first 25 words", "copied_answer", each(lambda row: " ".join(row["response"].split()[:25]))
    yield (
        "question, then 25 words",
        "copied_answer",
        each(lambda row: f"{row['instruction'][:80]}: {' '.join(row['response'].split()[5:30])}"),
    )
    yield (
        "tag and prompt before it",
        "leaked_prompt",
        each(lambda row: f"The text below is a very good answer to something. {row['instruction'][:99]}"),
    )
    yield "leaks in other words", "leaked_prompt", of(LEAKS)
    yield "last six words, ten times", "runaway", each(lambda row: row["instruction"] + " " + _tail(row) * 10)
    yield (
        "another's first sentences",
        "not_an_instruction",
        each(lambda _: draw.choice(pairs)["response"][:250].rpartition(".")[0] + "."),
    )
    yield "refusals", "refusal", of(REFUSALS)
    yield "questions on any text", "generic_question", of(GENERIC)
    english = [row for row in pairs if row["lang"] == "en"]
    yield "other languages", "wrong_language", [{**row, "instruction": text} for text in FOREIGN for row in english[:50]]
    yield "personal data", "pii", each(lambda row: f"{row['instruction'][:200]} Call or write: {draw.choice(PERSONAL)}")
    yield "the answer itself", "same_as_response", each(lambda row: row["response"])


def _tail(row: Row) -> str:
    return " ".join(row["instruction"].split()[-6:]) + " "


def only(name: GuardName) -> GuardConfig:
    return GuardConfig(disabled=tuple(other for other in get_args(GuardName) if other != name))


def flagged(rows: list[Row], config: GuardConfig) -> int:
    return sum(fault(row, config) is not None for row in rows)


def show_flagged(sets: dict[str, list[Row]]) -> None:
    print(f"{'flagged':24}" + "".join(f"{name:>13}" for name in sets))
    print(f"{'pairs':24}" + "".join(f"{len(rows):13}" for rows in sets.values()))
    for guard in get_args(GuardName):
        print(f"{guard:24}" + "".join(f"{flagged(rows, only(guard)):13}" for rows in sets.values()))
    for label, config in (("any", None), ("any, people's", False), ("any, generated", True)):
        counts = [flagged(rows, GuardConfig(generated=config)) for rows in sets.values()]
        shares = zip(counts, sets.values(), strict=True)
        print(f"{label:24}" + "".join(f"{count:6}{count / len(rows):7.1%}" for count, rows in shares))


def show_caught(pairs: list[Row]) -> None:
    print(f"\n{'made faults':28}{'guard':20}{'pairs':>8}{'by it':>8}{'by any':>8}")
    for name, guard, rows in made_faults(pairs):
        by_it, by_any = flagged(rows, only(guard)), flagged(rows, GuardConfig())
        print(f"{name:28}{guard:20}{len(rows):8}{by_it / len(rows):8.1%}{by_any / len(rows):8.1%}")


def show_speed(pairs: list[Row], rounds: int) -> None:
    config = GuardConfig()
    flagged(pairs, config)
    start = time.process_time()
    for _ in range(rounds):
        flagged(pairs, config)
    seconds = time.process_time() - start
    print(f"\n{rounds * len(pairs) / seconds:,.0f} pairs/s on one core ({rounds} x {len(pairs)} pairs in {seconds:.2f} s)")
    spent = dict.fromkeys([guard.__name__ for guard in GUARDS], 0.0)
    for row in pairs * rounds:
        view = PairTexts(row)
        for guard in GUARDS:
            begin = time.perf_counter()
            guard(view, config)
            spent[guard.__name__] += time.perf_counter() - begin
    # The first guard that asks for words pays for cutting them.
    for name, took in spent.items():
        print(f"{name:24}{took / rounds / len(pairs) * 1e6:8.1f} us{took / sum(spent.values()):8.1%}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    sets = dict(data_sets(arguments.data))
    show_flagged(sets)
    show_caught(sets["lima"])
    show_speed(sets["lima"], arguments.rounds)


if __name__ == "__main__":
    main()
