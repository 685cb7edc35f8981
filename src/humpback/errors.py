"""The typed errors of humpback: each is one line of fact and one line of hint.

Only `cli.py` prints them. `exit_code` is 2 where the user can mend the call, 1 where the run failed.
"""


class HumpbackError(Exception):
    """A failure that says what is so (`fact`, with both values where two disagree) and what to type next (`hint`)."""

    exit_code = 1

    def __init__(self, fact: str, hint: str = "") -> None:
        super().__init__(fact)
        self.fact = fact
        self.hint = hint


class UsageFault(HumpbackError):
    """The call cannot be carried out as it was typed: a wrong path, name, setting or value."""

    exit_code = 2


class PlanMismatch(UsageFault):
    """A folder was made by another plan than the one asked for now."""


class Incomplete(HumpbackError):
    """A dataset has no manifest yet: it is unfinished, which is not the same as empty."""


class NothingKept(HumpbackError):
    """A stage dropped every row that it read, so that nothing after it can run."""


class RoleMismatch(UsageFault):
    """A model was given for a task of another role, for example a forward model to write instructions."""


class LMError(HumpbackError):
    """A language model call failed; `retryable` says whether the same call may succeed later."""

    def __init__(self, fact: str, hint: str = "", *, retryable: bool = False) -> None:
        super().__init__(fact, hint)
        self.retryable = retryable


class TrainingFailed(HumpbackError):
    """The training child process ended without a model."""
