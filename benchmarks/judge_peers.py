"""What benchmarks/judge.py compares with: distilabel's parser, by the Python of the peers' environment.

    PEERS/bin/python benchmarks/judge_peers.py < TEXTS.json

In: a list of texts. Out: for each a list of one score (or null), or of the name of the error that the parser raised, as
[null, "IndexError"]. A pipeline of distilabel catches that error, warns, and gives the row no score.
"""

import json
import sys
import warnings
from typing import Any

warnings.simplefilter("ignore")

from distilabel.models import OpenAILLM  # noqa: E402 it warns while it is imported
from distilabel.steps.tasks import InstructionBacktranslation  # noqa: E402


def parsed(task: InstructionBacktranslation, text: str) -> list[Any]:
    try:
        return [task.format_output(text, {})["score"], None]
    except Exception as error:  # noqa: BLE001 whatever it raises is what is measured
        return [None, type(error).__name__]


if __name__ == "__main__":
    # Its model is never asked.
    task = InstructionBacktranslation(name="judge", llm=OpenAILLM(model="none", api_key="none"))
    print(json.dumps([parsed(task, text) for text in json.load(sys.stdin)]))
