"""How fast requests may be sent, and for how much money."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from aiolimiter import AsyncLimiter

from humpback.errors import LMError

# Tokens are let through in portions of so many seconds' worth: a whole minute's at once would make two in the first minute.
PORTION = 5.0


class BudgetReached(LMError):
    """The next request might pass the cap on spending. What was answered until then is kept."""

    def __init__(self, spent: float, next_cost: float, cap: float) -> None:
        super().__init__(
            f"{spent:.6g} is spent and the next request may cost {next_cost:.6g}: more than max_cost={cap:g}",
            f"type the same command with a higher max_cost, for example max_cost={2 * cap:g}: it goes on where it stopped",
        )
        self.spent, self.cap = spent, cap


class Pace:
    """At most `rpm` requests, evenly, and `tpm` tokens a minute; None is no limit."""

    def __init__(self, rpm: float | None, tpm: float | None) -> None:
        self._requests = AsyncLimiter(1, 60 / rpm) if rpm else None
        self._tokens = AsyncLimiter(tpm * PORTION / 60, PORTION) if tpm else None
        self._owed = 0.0

    async def turn(self, tokens: float) -> None:
        """Wait until a request of about `tokens` tokens may be sent."""
        if self._tokens:
            due = max(0.0, tokens + self._owed)
            self._owed = min(0.0, tokens + self._owed)
            while due > 0:
                portion = min(due, self._tokens.max_rate)
                await self._tokens.acquire(portion)
                due -= portion
        if self._requests:
            await self._requests.acquire()

    def correct(self, estimated: float, taken: float) -> None:
        """What a request took beside its estimate is owed by, or given to, the next ones."""
        self._owed += taken - estimated


class Budget:
    """`cap` on what is spent and in flight together, each request at the most it can cost; None is no cap."""

    def __init__(self, cap: float | None, spent: Callable[[], float]) -> None:
        self.cap, self._spent = cap, spent
        self._reserved, self._flying = 0.0, 0
        self._changed = asyncio.Condition()

    def allows(self, cost: float) -> bool:
        return self.cap is None or self._spent() + self._reserved + cost <= self.cap

    def reached(self, cost: float) -> BudgetReached:
        return BudgetReached(self._spent(), cost, self.cap or 0.0)

    @asynccontextmanager
    async def held(self, cost: float) -> AsyncIterator[None]:
        """Hold back `cost` while a request is in flight; raises `BudgetReached` once none in flight could set money free."""
        async with self._changed:
            while not self.allows(cost):
                if not self._flying:
                    raise self.reached(cost)
                await self._changed.wait()
            self._reserved += cost
            self._flying += 1
        try:
            yield
        finally:
            async with self._changed:
                self._reserved -= cost
                self._flying -= 1
                self._changed.notify_all()
