"""What a walk does at buttons, tabs and labels: it shows what they open, under their words."""

from humpback.corpus.cutting.disclosure import named_on, open_panel, panels_of_tabs, question_of, show
from humpback.corpus.cutting.nodes import Node
from humpback.corpus.cutting.page import Heading
from humpback.corpus.cutting.running_text import BOLD_LEVEL, RunningText


class Panels(RunningText):
    """Running text in which controls may stand."""

    __slots__ = ("ids",)

    def __init__(self) -> None:
        super().__init__()
        # The page's elements by their ids, once a control asks for its panel.
        self.ids: dict[str, Node] | None = None

    def control(self, node: Node) -> bool:
        """Whether a button or the like opens a panel; then its words head it."""
        panel = open_panel(node, self.named(node))
        question = question_of(node) if panel is not None else ""
        if panel is not None and question and node.attributes.get("role") == "tab":
            head(panel, question)
        elif question:
            self.flush()
            self.outline.events.append(Heading(question, BOLD_LEVEL))
        return panel is not None

    def tabs(self, node: Node) -> bool:
        """Whether a list of tabs has its panels behind it, one for each; then each is shown under its tab's words."""
        pairs = panels_of_tabs(node, self.named(node))
        for tab, panel in pairs:
            question = question_of(tab)
            show(panel)
            if question:
                head(panel, question)
        return bool(pairs)

    def named(self, node: Node) -> dict[str, Node]:
        if self.ids is None:
            self.ids = named_on(node.parser)
        return self.ids


def head(panel: Node, question: str) -> None:
    """Put `question` before a panel that the walk has still to come to."""
    heading = panel.parser.create_node("summary")
    heading.insert_child(question)
    panel.insert_before(heading)
