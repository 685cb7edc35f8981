"""What benchmarks/lm.py compares with: distilabel's InstructionBacktranslation in its own pipeline, before a server.

    PEERS/bin/python benchmarks/lm_peers.py < ASKED.json

In: {"url", "model", "rows": [{"id", "instruction", "response"}], "tokens", "extra"}. Out: the seconds of the run over all
rows, those of a run over one row (the start of its processes), and the score of each row that comes out. Batches are as it
makes them (50 rows, all asked at once); the temperature is 0, as in our mode `text`.
"""

import json
import sys
import tempfile
import time
import warnings
from typing import Any

warnings.simplefilter("ignore")

from distilabel.models import OpenAILLM  # noqa: E402 it warns while it is imported
from distilabel.pipeline import Pipeline  # noqa: E402
from distilabel.steps import LoadDataFromDicts  # noqa: E402
from distilabel.steps.tasks import InstructionBacktranslation  # noqa: E402


def run(asked: dict[str, Any], rows: list[dict[str, Any]], cache: str) -> tuple[float, list[int | None]]:
    """(seconds, the scores of the rows that come out)."""
    started = time.perf_counter()
    sampling = {"max_new_tokens": asked["tokens"], "temperature": 0.0, "extra_body": asked["extra"] or None}
    with Pipeline(name="judge", cache_dir=cache) as pipeline:
        given = [{"id": row["id"], "instruction": row["instruction"], "generation": row["response"]} for row in rows]
        llm = OpenAILLM(model=asked["model"], base_url=asked["url"], api_key="none", generation_kwargs=sampling)
        LoadDataFromDicts(name="rows", data=given) >> InstructionBacktranslation(name="judge_rows", llm=llm)
    made = pipeline.run(use_cache=False)
    seconds = time.perf_counter() - started
    return seconds, list(made["default"]["train"]["score"]) if made else []


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    with tempfile.TemporaryDirectory() as cache:
        start, _ = run(asked, asked["rows"][:1], cache)
        seconds, scores = run(asked, asked["rows"], cache)
    print(json.dumps({"seconds": seconds, "start": start, "scores": scores}))
