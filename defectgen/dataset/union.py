"""Disjoint sets of the numbers 0 to n - 1 (Tarjan 1975), for groups that grow by pairs."""

from __future__ import annotations

__all__ = ["Union"]


class Union:
    """Numbers that pairs tie together; the root of a set is its smallest number."""

    def __init__(self, n: int) -> None:
        self._parent = list(range(n))

    def root(self, i: int) -> int:
        while self._parent[i] != i:
            self._parent[i] = self._parent[self._parent[i]]
            i = self._parent[i]
        return i

    def same(self, i: int, j: int) -> bool:
        return self.root(i) == self.root(j)

    def join(self, i: int, j: int) -> bool:
        """Ties the sets of i and j; False where they were one already."""
        i, j = sorted((self.root(i), self.root(j)))
        self._parent[j] = i
        return i != j

    def roots(self) -> list[int]:
        """The root of each number."""
        return [self.root(i) for i in range(len(self._parent))]
