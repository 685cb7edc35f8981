"""What the forward model is shown: an instruction with the tag of its source, in training and at inference alike."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pydantic import Field

from humpback import prompts
from humpback.config import Config
from humpback.schema import Row

FORWARD = "forward-v1"
SHOTS = "forward-shots-v1"
# (text, most tokens) -> (the text cut at its tail, whether it was): a model's own way to count.
Clip = Callable[[str, int], tuple[str, bool]]


class TagConfig(Config):
    """The two sentences that tell the sources of answers apart, appended to the instruction (paper, section 2.4)."""

    seed: str = Field("Answer in the style of an AI Assistant.", description="S_a, on seed pairs (paper)")
    web: str = Field("Answer with knowledge from web search.", description="S_w, on augmented pairs (paper)")

    def reads(self) -> dict[str, str]:
        return prompts.digests(FORWARD)

    @property
    def inference(self) -> str:
        """Both, S_a first: a combination never seen in training (paper, table 5)."""
        return " ".join(tag for tag in (self.seed, self.web) if tag)

    def of(self, source: str) -> str:
        return self.seed if source == "seed" else self.web


@dataclass(frozen=True)
class Example:
    """One training exchange; `ended` is False where the completion was clipped, which then has no end token.

    A `lesson` is a decision, whose completion is a label: never cut, and weighed by `teach.share`.
    """

    prompt: str
    completion: str
    ended: bool = True
    lesson: bool = False


def forward_prompt(instruction: str, tag: str, shots: Sequence[Row] = ()) -> str:
    """The instruction with its tag, after the pairs `shots` if there are any: as they are, since what is measured behind
    them is an answer as it is.
    """
    if not shots:
        return prompts.render(FORWARD, instruction=instruction, tag=tag)
    shown = [(row["instruction"], row["response"]) for row in shots]
    return prompts.render(SHOTS, instruction=instruction, tag=tag, shots=shown)


def forward_example(row: Row, tags: TagConfig, clip: Clip, max_tokens: int) -> Example:
    """A pair with the tag of its source; the response is clipped at its tail to `max_tokens`."""
    response, clipped = clip(row["response"], max_tokens)
    return Example(forward_prompt(row["instruction"], tags.of(row["source"])), response, not clipped)
