"""The whole main text of pages as Markdown, for who wants an extractor; and the segments of a page that is at hand."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

from humpback.config import Empty
from humpback.corpus.cutting.segment import segment, whole_text
from humpback.corpus.documents.document import page
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.corpus.pages import CorpusSettings, files_of
from humpback.corpus.rules.quality import apply_rules
from humpback.run import Run
from humpback.schema import DOCUMENT, SEGMENT, Row, row_id
from humpback.stage import Chain, Drop, Outcome, Stage
from humpback.store import Dataset
from humpback.text.language import identify
from humpback.text.sentences import count_chars


def whole_texts(run: Run, settings: CorpusSettings) -> Dataset:
    """The main text of each page, of `kind="texts"`: by no rule, of any language, as often as it comes."""
    steps = (
        Stage("documents", DOCUMENT, read, DocumentsConfig(columns=settings.columns), reads="records"),
        Stage("texts", SEGMENT, extracted),
    )
    return run.map("texts", Chain("texts", steps), files_of(run, settings.inputs, settings.columns), kind="texts")


def extracted(_: Empty, rows: Iterable[Row]) -> Iterator[Outcome]:
    """Each document's main text, uncut; a page without one is dropped as `no_text`."""
    for row in rows:
        text = whole_text(row)
        if not text.strip():
            yield Drop(row, "no_text", None)
            continue
        heading = next((line.lstrip("# ") for line in text.split("\n", 1) if line.startswith("#")), row.get("title"))
        yield {
            "id": row_id(row["id"], "whole"),
            "parent": row["id"],
            "header_path": [heading] if heading else [],
            "level": 1,
            "text": text,
            "n_chars": count_chars(text),
            "lang": identify(text)[0],
            **{key: row.get(key) for key in ("url", "warc", "offset", "date", "license", "opt_out")},
        }


def whole_texts_of(inputs: Sequence[str], columns: Mapping[str, str]) -> Iterator[str]:
    """The texts of `inputs` to be printed; of several pages each under its address, and why one has none."""
    outcomes = list(_outcomes(inputs, columns))
    for outcome in outcomes:
        row = outcome.row if isinstance(outcome, Drop) else outcome
        if len(outcomes) > 1 or isinstance(outcome, Drop):
            why = f" has no text: {outcome.reason}" if isinstance(outcome, Drop) else ""
            yield f"<!-- {str(row.get('url')).replace('--', '- -')}{why} -->\n"
        if not isinstance(outcome, Drop):
            yield f"{outcome['text']}\n"


def _outcomes(inputs: Sequence[str], columns: Mapping[str, str]) -> Iterator[Outcome]:
    for document in read(DocumentsConfig(columns=dict(columns)), sources(inputs, columns)):
        if isinstance(document, Drop):
            yield document
        else:
            yield from extracted(Empty(), [document])


def segments_of(html: str, settings: CorpusSettings) -> list[Row]:
    """The segments of one page that its rules keep, with the language of each; a page that is none has no segments."""
    body = html.encode("utf-8", "replace")
    document = page({"id": row_id(hashlib.blake2b(body, digest_size=12).hexdigest(), "page"), "url": None}, body)
    if isinstance(document, Drop):
        return []
    candidates = (row for row in segment(settings.segment, [document]) if not isinstance(row, Drop))
    kept = (row for row in apply_rules(settings.rules, candidates) if not isinstance(row, Drop))
    return [{**row, "lang": identify(row["text"])[0]} for row in kept]
