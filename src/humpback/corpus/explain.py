"""What became of one page: each heading and block of it with its fate, then each candidate with the rule that it broke.

Language, duplicates, caps and the sample come after this and are not told; a kept candidate shows its language.
"""

from collections import Counter
from collections.abc import Iterator

from humpback.corpus.cutting.blocks import outline
from humpback.corpus.cutting.main_text import main_text
from humpback.corpus.cutting.page import Block, Event, Heading
from humpback.corpus.cutting.segment import SegmentConfig, events_of, pruned, segment, tree
from humpback.corpus.documents.read import DocumentsConfig, read
from humpback.corpus.inputs.sources import sources
from humpback.corpus.pages import CorpusSettings
from humpback.corpus.rules.quality import RuleConfig, apply_rules
from humpback.errors import UsageFault
from humpback.schema import Row
from humpback.stage import Drop
from humpback.text.language import identify

WIDTH = 90
_ELSEWHERE = "outside the element that holds the prose"


def explain(settings: CorpusSettings, url: str) -> Iterator[str]:
    """Lines to print on the page at `url` (its whole address, or a part that no other page has) in `settings.inputs`.

    Raises `UsageFault` where no page or more than one has it.
    """
    document = _find(settings, url)
    row = document.row if isinstance(document, Drop) else document
    yield f"{row.get('url')}"
    if isinstance(document, Drop):
        yield f"not a document: {document.reason} ({document.value})"
        return
    opt_outs = ", ".join(row.get("opt_out") or []) or "none"
    yield f"encoding {row.get('encoding')}, licence {row.get('license') or 'not stated'}, opt-outs {opt_outs}"
    yield ""
    yield "What it holds (+ main text, - left out):"
    yield from (_line(event, fate) for event, fate in fates(document))
    yield ""
    yield "Candidates:"
    yield from _verdicts(document, settings.segment, settings.rules)


def _find(settings: CorpusSettings, url: str) -> Row | Drop:
    found: dict[str, Row | Drop] = {}
    for outcome in read(DocumentsConfig(columns=settings.columns), sources(settings.inputs, settings.columns)):
        address = (outcome.row if isinstance(outcome, Drop) else outcome).get("url") or ""
        if address == url:
            return outcome
        if url in address:
            found.setdefault(address, outcome)
    if len(found) == 1:
        return next(iter(found.values()))
    if found:
        some = ", ".join(sorted(found)[:3])
        raise UsageFault(f"{len(found)} pages have {url!r} in their address: {some} ...", "give the whole address of one")
    raise UsageFault(f"no page has {url!r} in its address", "the addresses are in the column url of the segments")


def fates(document: Row) -> Iterator[tuple[Event, str]]:
    """Each event of a document with why it was left out, "" if it was not; what the segmenter did not walk to is told from
    what it read by the texts.
    """
    events, _ = events_of(document)
    pruned(tree(events))
    if not document.get("html"):
        yield from ((event, event.fate) for event in events)
        return
    walked, whole = outline(document["html"]), outline(document["html"], whole=True)
    for page in (walked, whole):
        main_text(page)
    main = Counter(event.text for event in events)
    told = {event.text: event.fate for event in (*walked.events, *events) if event.fate}
    for event in whole.events:
        if main[event.text] and event.text not in told:
            main[event.text] -= 1
            yield event, ""
        else:
            yield event, told.get(event.text) or event.fate or _ELSEWHERE


def _line(event: Event, fate: str) -> str:
    kind = f"h{event.level}" if isinstance(event, Heading) else "li" if event.list_id else "p"
    text = " ".join(event.text.split())
    size = f"{len(text):>6}" if isinstance(event, Block) else " " * 6
    return f"{'-' if fate else '+'} {kind:<3}{size}  {_short(text)}" + (f"  [{fate}]" if fate else "")


def _short(text: str) -> str:
    return text if len(text) <= WIDTH else text[: WIDTH - 4] + " ..."


def _verdicts(document: Row, cut: SegmentConfig, rules: RuleConfig) -> Iterator[str]:
    rows = list(segment(cut, [document]))
    if isinstance(rows[0], Drop):
        yield f"  none: {rows[0].reason} ({rows[0].value})"
        return
    for outcome in apply_rules(rules, [row for row in rows if not isinstance(row, Drop)]):
        row = outcome.row if isinstance(outcome, Drop) else outcome
        lang, probability = identify(row["text"])
        verdict = f"{outcome.reason} ({outcome.value})" if isinstance(outcome, Drop) else f"passes, {lang} {probability:.2f}"
        yield f"  {row['n_chars']:>6} characters  {_short(' > '.join(row['header_path']))}: {verdict}"
