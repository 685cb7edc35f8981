"""Words in the texts of a table: an index of SQLite, made once beside it while pages are looked at already."""

import re
import sqlite3
import threading
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from humpback.view.tables import Table

# More matches than these are not listed, only told of.
MOST = 10_000
_BATCH = 2_000
_WORD = re.compile(r"[^\W_]+")


class Search:
    """An index of each table that is searched; one that is not whole yet answers from what it has."""

    def __init__(self, cache: Path) -> None:
        cache.mkdir(parents=True, exist_ok=True)
        self._cache = cache
        self._lock = threading.Lock()
        self._working: dict[str, threading.Thread] = {}
        self._closed = threading.Event()

    def close(self) -> None:
        self._closed.set()
        for thread in list(self._working.values()):
            thread.join()

    def begin(self, table: Table) -> None:
        """Make the index of the table, in a thread of its own; one that was begun before goes on."""
        with self._lock:
            if table.name not in self._working:
                own = set(self._cache.glob(f"{table.name}.words*"))
                for old in set(self._cache.glob(f"{table.place}*.words*")) - own:
                    old.unlink(missing_ok=True)
                with self._connected(table) as db:
                    # As the index is made by one and read by others, it has to be there before either.
                    db.execute("PRAGMA journal_mode=WAL")
                    db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5(text, content='', detail=none)")
                    db.execute("CREATE TABLE IF NOT EXISTS done (rows INTEGER)")
                thread = threading.Thread(target=self._make, args=(table,), daemon=True)
                self._working[table.name] = thread
                thread.start()

    def wait(self, table: Table) -> None:
        self.begin(table)
        self._working[table.name].join()

    def found(self, table: Table, asked: str) -> tuple[list[int], int]:
        """(numbers of the rows that hold all words of `asked`, how many rows are indexed so far)."""
        self.begin(table)
        with self._connected(table) as db:
            done = _done(db)
            match = " AND ".join(f'"{word}"' for word in words(asked))
            if not match:
                return [], done
            rows = db.execute("SELECT rowid FROM words WHERE words MATCH ? ORDER BY rowid LIMIT ?", (match, MOST))
            return [int(number) for (number,) in rows], done

    def _connected(self, table: Table) -> "_Connection":
        return _Connection(self._cache / f"{table.name}.words")

    def _make(self, table: Table) -> None:
        with self._connected(table) as db:
            done, batch = _done(db), list[tuple[int, str]]()
            if done >= len(table):
                return
            for number, text in table.texts():
                if self._closed.is_set():
                    return
                if number < done:
                    continue
                # The index itself takes plain letters apart as `words` does, and much faster.
                batch.append((number, text if text.isascii() else " ".join(words(text))))
                if len(batch) == _BATCH:
                    _add(db, batch)
                    batch = []
            _add(db, batch)


class _Connection:
    """A connection for one thread, closed when it is left."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __enter__(self) -> sqlite3.Connection:
        self._db = sqlite3.connect(self._path, timeout=30)
        self._db.execute("PRAGMA synchronous=NORMAL")
        return self._db

    def __exit__(self, *_: object) -> None:
        self._db.close()


def _done(db: sqlite3.Connection) -> int:
    found = db.execute("SELECT max(rows) FROM done").fetchone()[0]
    return int(found or 0)


def _add(db: sqlite3.Connection, batch: list[tuple[int, str]]) -> None:
    """A batch and how far that is, in one transaction."""
    if batch:
        with db:
            db.executemany("INSERT INTO words (rowid, text) VALUES (?, ?)", batch)
            db.execute("INSERT INTO done VALUES (?)", (batch[-1][0] + 1,))


def words(text: str) -> Iterator[str]:
    """The words of a text, folded; of scripts that put no spaces between words, each character."""
    for each in _WORD.findall(unicodedata.normalize("NFKC", text).casefold()):
        if not each.isascii() and any("\u2e80" <= char <= "\uffdc" or "\u0e00" <= char <= "\u0fff" for char in each):
            yield from each
        else:
            yield each
