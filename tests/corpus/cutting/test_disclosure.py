"""Answers that a page hides until they are opened: shown, each under its question."""

import pytest

from humpback.corpus.cutting.segment import SegmentConfig, segment
from humpback.stage import Drop

QUESTIONS = {
    "Why does bread go stale?": "The starch in it sets again as it cools and gives off its water, which the crust takes up.",
    "Can I freeze a loaf?": "Yes, whole or in slices. Wrap it well and let it thaw in the paper, or toast it as it is.",
    "Which flour keeps longest?": "White flour, since the oil of the germ is gone. Keep whole meal cool and use it in "
    "three months.",
}


def segments(form: str, before: str = "", behind: str = "") -> dict[str, str]:
    items = "".join(form.format(q=q, a=a, n=n) for n, (q, a) in enumerate(QUESTIONS.items()))
    html = f"<html><head><title>Bread</title></head><body><main><h1>Bread</h1>{before}{items}{behind}</main></body></html>"
    rows = [row for row in segment(SegmentConfig(), [{"id": "1", "html": html}]) if not isinstance(row, Drop)]
    return {str(row["header_path"][-1]): str(row["text"]) for row in rows}


@pytest.mark.parametrize(
    "form",
    [
        "<details><summary>{q}</summary><p>{a}</p></details>",
        "<h2><button aria-expanded=false aria-controls=p{n}>{q}</button></h2><div id=p{n} hidden=until-found><p>{a}</p>"
        "</div>",
        "<h2><button aria-expanded=false aria-controls=p{n}>{q}</button></h2><div id=p{n} hidden><p>{a}</p></div>",
        "<h3>{q}</h3><div hidden='until-found'><p>{a}</p></div>",
        "<button class=accordion>{q}</button><div class=panel style='display: none;'><p>{a}</p></div>",
        "<button class=accordion>{q}</button><div class=panel aria-hidden=true>{a}</div>",
        "<div class=accordion-item><h2 class=accordion-header><button data-bs-toggle=collapse "
        "data-bs-target='#c{n}'>{q}</button></h2>"
        "<div id=c{n} class='accordion-collapse collapse' hidden><div class=accordion-body>{a}</div></div></div>",
        "<div class=faq><div role=button tabindex=0 aria-expanded=false><span>{q}</span><svg></svg></div>"
        "<div style='display:none'><p>{a}</p></div></div>",
        "<a data-toggle=collapse href='#c{n}'>{q}</a><div id=c{n} class=collapse style='height:0;visibility: "
        "hidden'>{a}</div>",
        "<div class=card><div class=card-header><h5><button data-toggle=collapse data-target='#c{n}'>{q}</button></h5></div>"
        "<div id=c{n} class=collapse><div class=card-body>{a}</div></div></div>",
        "<li><a class=uk-accordion-title href='#'>{q}</a><div class=uk-accordion-content hidden><p>{a}</p></div></li>",
        "<input type=checkbox id=b{n}><label for=b{n}>{q}</label><div class=tab-content>{a}</div>",
        "<input type=radio name=r id=b{n}><label for=b{n}>{q}</label><div hidden><p>{a}</p></div>",
        "<dl><dt><button type=button aria-expanded=false aria-controls=d{n}>{q}</button></dt><dd id=d{n} hidden>{a}</dd>"
        "</dl>",
    ],
)
def test_questions_and_answers(form: str) -> None:
    """Panels that were hidden lost all answers; questions in buttons and labels were lost, and answers ran together."""
    found = segments(form)
    for question, answer in QUESTIONS.items():
        assert answer in found["Bread"]
        assert question in found["Bread"]
        if "<dl>" not in form:
            assert found[question].strip() == answer


def test_tabs() -> None:
    """The words of a tab stand above its panel, and not beside those of the other tabs."""
    tabs = "".join(f"<button role=tab aria-controls=t{n}>{q}</button>" for n, q in enumerate(QUESTIONS))
    found = segments("<div role=tabpanel id=t{n} hidden><p>{a}</p></div>", f"<div role=tablist>{tabs}</div>")
    assert {question: found.get(question) for question in QUESTIONS} == QUESTIONS


@pytest.mark.parametrize("hidden", ["", " hidden"])
def test_tabs_by_their_place(hidden: str) -> None:
    """Docusaurus names no panels: each tab has the one in its place, and all but the first were lost."""
    tabs = "".join(f"<li role=tab>{q}</li>" for q in QUESTIONS)
    panels = "".join(f"<div role=tabpanel{hidden}><p>{a}</p></div>" for a in QUESTIONS.values())
    found = segments("", f"<ul role=tablist class=tabs-nav>{tabs}</ul><div>{panels}</div>")
    assert {question: found.get(question) for question in QUESTIONS} == QUESTIONS


@pytest.mark.parametrize(
    "html",
    [
        "<button aria-controls=m>Menu</button><nav id=m hidden>SECRET words that no reader of this page came here to "
        "read</nav>",
        "<button aria-controls=m>Menu</button><ul id=m hidden><li><a href=/a>SECRET page of many words and no answer to "
        "it</a></ul>",
        "<button aria-controls=m>Open</button><div id=m role=dialog hidden>SECRET words that no reader came here to read "
        "at all</div>",
        "<button aria-controls=m>Share</button><div id=m class=share hidden>SECRET words that no reader came here to "
        "read</div>",
        "<button data-bs-toggle=modal data-bs-target='#m'>Sign up</button><div id=m class='modal fade' aria-hidden=true>"
        "SECRET words that no reader of this page came here to read</div>",
        "<button aria-controls=m>Filter</button><div id=m class=offcanvas hidden>SECRET words that no reader came to "
        "read</div>",
        "<button aria-controls=m>Write</button><div id=m hidden>SECRET words above a box <textarea></textarea></div>",
        "<div hidden>SECRET words that no reader of this page came here to read, and that no button opens for them</div>",
        "<button>Order</button><div style='display:none'>SECRET words that no reader of this page came here to read</div>",
    ],
)
def test_what_stays_hidden(html: str) -> None:
    """Menus, dialogs and what nothing opens are no answers."""
    assert "SECRET" not in segments("<h2>{q}</h2><p>{a}</p>", html)["Bread"]


def test_a_button_that_shows_more() -> None:
    """The rest of a text is opened; "Show more" is no heading of it."""
    panel = "<div id=r hidden><p>The rest of the text, long enough.</p></div>"
    rest = f"<button aria-expanded=false aria-controls=r>Show more</button>{panel}"
    found = segments("<h2>{q}</h2><p>{a}</p>", behind=rest)
    assert "The rest of the text" in found["Bread"]
    assert "Show more" not in found["Bread"]


def test_labels_of_things_to_do() -> None:
    """Lists of ingredients and tasks have boxes to tick: all of their words were lost."""
    first = "<li><label for=t1>500 g of flour</label><input type=checkbox id=t1>"
    tasks = f"<ul>{first}<li><label><input type=checkbox> Salt</label></ul>"
    assert "- 500 g of flour\n- Salt" in segments("<h2>{q}</h2><p>{a}</p>", tasks)["Bread"]


def test_labels_of_a_form() -> None:
    """The note below a box to tick is no answer to its label."""
    label = "<form><input type=checkbox id=ok><label for=ok>Send me news</label>"
    form = f"{label}<div>You can leave at any time, with one click.</div></form>"
    assert "Send me news" not in segments("<h2>{q}</h2><p>{a}</p>", behind=form)
