"""A run that is looked at: what is finished in it, found again at each request, with its tables, index and labels."""

import hashlib
import os
from pathlib import Path

from humpback.errors import UsageFault
from humpback.report.reading import Reading
from humpback.store import Dataset
from humpback.view.labels import Labels
from humpback.view.search import Search
from humpback.view.tables import NoSuch, Table, Tables

# What is no row that anybody looks at.
_BESIDE = ("files",)


class Opened:
    """The run in `folder`; raises `UsageFault` if it is none. What is kept for speed lies under `cache`."""

    def __init__(self, folder: Path, cache: Path | None = None) -> None:
        Reading(folder)
        self.folder = folder.resolve()
        home = cache or Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "humpback" / "view"
        own = home / hashlib.blake2b(os.fsencode(self.folder), digest_size=8).hexdigest()
        try:
            self.tables, self.search = Tables(own), Search(own)
        except OSError as error:
            raise UsageFault(
                f"nothing can be kept in {own}: {error.strerror}", "set XDG_CACHE_HOME to another folder"
            ) from None
        self.labels = Labels(self.folder / "labels")
        self._known: dict[str, Table] = {}

    def close(self) -> None:
        self.search.close()
        self.tables.close()

    @property
    def reading(self) -> Reading:
        return Reading(self.folder)

    def datasets(self) -> list[Dataset]:
        """What has rows that can be looked at, in the order in which it was begun."""
        return [each for each in self.reading.datasets() if each.about.get("kind") not in _BESIDE]

    def table(self, place: int, dropped: bool = False) -> Table:
        """The table of the dataset at that place of the run; raises `NoSuch`."""
        found = next((each for each in self.datasets() if each.place == place), None)
        if found is None:
            raise NoSuch(f"the run has no dataset {place}")
        return self.of(found, dropped)

    def of(self, dataset: Dataset, dropped: bool = False) -> Table:
        found = Table(dataset, dropped)
        return self._known.setdefault(found.name, found)

    def trained_on(self, dataset: Dataset) -> tuple[str, ...]:
        """The names of the models that were trained on this dataset."""
        models = self.reading.finished(kind="model")
        data = [(each, [own.get("folder") for own in each.plan["config"].get("data", [])]) for each in models]
        return tuple(str(each.about.get("model") or each.about["name"]) for each, own in data if dataset.fingerprint in own)
