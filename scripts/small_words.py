"""Which words English writes small: what begins a sentence with a capital and is none of them may be a name.

python scripts/small_words.py public_prose.jsonl.gz debian_docs.jsonl.gz > src/humpback/guards/small_words.txt

Counted are words of running text in JSON lines with a column `text`. A word is one if it stands there small `LEAST` times,
and at least half as often as with a capital within a sentence.
"""

import argparse
import gzip
import json
import re
from collections import Counter

LEAST = 3
_SMALL = re.compile(r"(?<![\w'’./@-])[a-z]+(?:['’][a-z]+)?(?![\w/@]|\.\w)")
_WITHIN = re.compile(r"(?<=[a-z,] )[A-Z][a-z]+(?![\w/@]|\.\w)")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("files", nargs="+")
    small, capital = Counter[str](), Counter[str]()
    for path in parser.parse_args().files:
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                text = json.loads(line)["text"]
                small.update(word.replace("’", "'") for word in _SMALL.findall(text))
                capital.update(word.lower() for word in _WITHIN.findall(text))
    print(*sorted(w for w, n in small.items() if n >= LEAST and 2 * n >= capital[w] and len(w) > 1), sep="\n")


if __name__ == "__main__":
    main()
