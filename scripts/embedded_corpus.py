"""The training text of the embedded model: documents, and texts built from (heading, section) in both directions.

Four kinds: `plain` (documents with their headings), `backward` (a section, then the instruction it answers), `forward`
(the instruction, then the section) and `decision` (a typed question about a section, answered with one label).
"""

import gzip
import hashlib
import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path

from embedded_headings import (
    DETERMINERS,
    GENERIC,
    GERUNDS,
    QUESTION_WORDS,
    VERBS,
    CaseBook,
    clause,
    clean_heading,
    instructions,
    vary,
)

from humpback.prompts import render
from humpback.prompts import source as prompt_source
from humpback.prompts.quoting import quoted

TAG = "Answer in the style of an AI Assistant."
# Manuals that are mostly tables of syntax would drown the prose: this many characters of each are enough.
MANUAL_CHARS = {"python3.11": 2_500_000, "postgresql-doc-15": 2_000_000, "sqlite3": 1_000_000, "git-doc": 1_500_000}
RENAME_SHARE = 0.4
HEADING_DROPOUT = 0.1
FUNCTION_WORDS = set(
    """
    than then they them there here also just only very much many most some such same into onto over been being will
    would could should
    """.split()
)


@dataclass(frozen=True)
class Section:
    source: str
    title: str
    heading: str
    text: str

    @property
    def path(self) -> list[str]:
        head, title = clean_heading(self.heading), clean_heading(self.title)
        return [part for part in ([title, head] if head != title else [title]) if part]


@dataclass(frozen=True)
class Example:
    """`kind`, and either `text` alone or an exchange of `prompt` and `completion`."""

    kind: str
    text: str = ""
    prompt: str = ""
    completion: str = ""


def read_jsonl(path: Path) -> list[dict]:
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def tidy(text: str) -> str:
    text = re.sub(r"[ \t\u00a0]+", " ", text)
    text = re.sub(r"&#8217;|&rsquo;", "’", text)
    text = re.sub(r"&#8220;|&#8221;", '"', text)
    text = re.sub(r"&#\d+;|&nbsp;", " ", text)
    return re.sub(r"\n{3,}", "\n\n", text).strip()


def is_held_out(title: str) -> bool:
    """Two pages in a hundred, by their title, are never trained on."""
    return hashlib.sha256(title.encode()).digest()[0] < 6


def load(folder: Path) -> tuple[list[Section], list[Section]]:
    """(sections of the prose, topics of the manuals)."""
    prose = [
        Section(r["src"], r["title"] or "", r["head"] or "", tidy(r["text"]))
        for r in read_jsonl(folder / "public_prose.jsonl.gz")
    ]
    manuals = []
    used: dict[str, int] = {}
    rows = read_jsonl(folder / "debian_docs.jsonl.gz")
    random.Random(0).shuffle(rows)
    for r in rows:
        used[r["src"]] = used.get(r["src"], 0) + len(r["text"])
        if used[r["src"]] < MANUAL_CHARS.get(r["src"], 1 << 60):
            title = re.sub(r"^[\dA-Z.]+\.?\s| — Python.*$|\(\d\)$", "", r["title"].replace("\u00a0", " "))
            manuals.append(Section(r["src"], title, title, without_furniture(r["text"], r["title"])))
    return prose, manuals


def without_furniture(text: str, title: str) -> str:
    """A manual's page without its repeated title, navigation line and bug link."""
    drop = {"Prev", "Next", "Home", "Up", title.strip(), "Report a bug in GIMP Report a documentation error"}
    lines = [line for line in tidy(text).splitlines() if line.strip() not in drop]
    return tidy("\n".join(line for line in lines if not re.search(r"Prev\b.*\bNext$|^\d+\.\d*\. .*\d+\.\d*\. ", line)))


def documents(prose: list[Section], manuals: list[Section], rng: random.Random) -> Iterator[Example]:
    """Whole pages as Markdown, each once a pass, cut to pieces that fit a context."""
    pages = [list(group) for _, group in groupby(prose, key=lambda s: (s.source, s.title))]
    texts = [page_markdown(page) for page in pages] + [f"# {m.title}\n\n{m.text}" for m in manuals]
    pieces = [piece for text in texts for piece in cut(text, 3200)]
    while True:
        rng.shuffle(pieces)
        for piece in pieces:
            yield Example("plain", text=piece)


def page_markdown(page: list[Section]) -> str:
    parts = [f"# {clean_heading(page[0].title)}"] if page[0].title else []
    for section in page:
        head = clean_heading(section.heading)
        parts += [f"## {head}"] if head and head != clean_heading(section.title) else []
        parts.append(section.text)
    return "\n\n".join(parts)


def cut(text: str, size: int) -> Iterator[str]:
    while len(text) > size:
        end = max(text.rfind("\n\n", 0, size), size // 2)
        yield text[:end].strip()
        text = text[end:].strip()
    if len(text) > 100:
        yield text


def rename(section: Section, topics: list[str], rng: random.Random) -> Section:
    """The section about another thing: one word of its heading is exchanged everywhere.

    A model this small would else remember the few topics of its sources instead of copying the heading it is shown.
    """
    words = re.findall(r"[a-z]{4,}", f"{section.heading} {section.title}".lower())
    fixed = GENERIC | set(GERUNDS) | set(VERBS) | DETERMINERS | QUESTION_WORDS | FUNCTION_WORDS
    known = [w for w in words if w not in fixed and not w.endswith(("ing", "ed", "ly"))]
    if not known:
        return section
    old, new = rng.choice(known), rng.choice(topics)
    if old.endswith("s") and not old.endswith("ss"):
        new += "s"

    def swap(match: re.Match) -> str:
        return new.capitalize() if match[0][0].isupper() else new

    pattern = re.compile(rf"\b{old}\b", re.IGNORECASE)
    return Section(*(section.source, *(pattern.sub(swap, t) for t in (section.title, section.heading, section.text))))


def shorten(text: str, rng: random.Random) -> str:
    """A random head of `text`, 250 to 1,300 characters: the backward prompt clips its text in the same way."""
    limit = rng.randint(250, 1300)
    return text if len(text) <= limit else text[: text.rfind(" ", 0, limit)].rstrip()


def pairs(sections: list[Section], topics: list[str], book: CaseBook, rng: random.Random) -> Iterator[tuple[Section, str]]:
    """(section, one instruction that it answers), without end; each pass rolls new wordings and new names."""
    while True:
        rng.shuffle(sections)
        for section in sections:
            if rng.random() < RENAME_SHARE:
                section = rename(section, topics, rng)
            head = clean_heading(section.heading)
            # Questions and indirect questions are rare in the sources and common on the web.
            for _ in range(3 if head and (clause(head, book) or head.endswith("?")) else 1):
                told = replace(section, heading=vary(section.heading or section.title, rng))
                made = instructions(told.title, told.heading, told.text, book, rng)
                if made and len(told.text) > 150:
                    yield told, made[0]


def backward(section: Section, instruction: str, titles: list[str], rng: random.Random) -> Example:
    path = section.path
    if rng.random() < 0.2:
        path = [rng.choice(titles), *path]
    if rng.random() < HEADING_DROPOUT:
        path = []
    prompt = render("backward-v1", response=shorten(section.text, rng), header_path=path, tag=TAG)
    return Example("backward", prompt=prompt, completion=instruction)


def forward(section: Section, instruction: str) -> Example:
    return Example("forward", prompt=instruction, completion=section.text[:3300])


def decision(section: Section, instruction: str, other: tuple[Section, str], rng: random.Random) -> Example:
    """Does the text answer the instruction: as a predicate, as a choice of heading, or on five levels."""
    fits = rng.random() < 0.5
    text = shorten((section if fits else other[0]).text, rng)
    state = render("pair-v2", instruction=quoted(instruction), response=quoted(text))
    kind = rng.choice(["predicate", "choice", "score"])
    if kind == "predicate":
        options, answer = [("yes", "the candidate answers it"), ("no", "it does not")], "yes" if fits else "no"
        question = "Does the candidate answer do what the user asked?"
    elif kind == "choice":
        state, order = text, [section.path[-1], other[0].path[-1]] if section.path and other[0].path else ["this", "that"]
        right = order[0] if fits else order[1]
        rng.shuffle(order)
        options, answer = list(zip("AB", order, strict=True)), "AB"[order.index(right)]
        question = "Under which heading does this text stand?"
    else:
        question, *levels = prompt_source("rubric-v1").split("\n- ")
        options, right = list(zip("ABCDE", levels, strict=True)), rng.choice([3, 4]) if fits else rng.choice([0, 0, 1])
        if rng.random() < 0.5:
            options, right = list(zip("ABCDE", levels[::-1], strict=True)), 4 - right
        answer = "ABCDE"[right]
    return Example(
        "decision", prompt=render("decide-v2", state=state, question=question, options=options), completion=answer
    )
