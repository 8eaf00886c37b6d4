"""The toy platform as a value: warehouses with boxes, shelves and pallets."""

from __future__ import annotations

from typing import Final

from auditor.platforms import Platform

BOX: Final = "toy/Box"
SHELF: Final = "toy/Shelf"
LID: Final = "toy/Lid"
LOAD: Final = "toy/ShelfLoad"
PALLET: Final = "toy/Pallet"

TOY: Final = Platform(
    name="toy",
    schemes=("toy",),
    prefix="toy/",
    kinds=frozenset({BOX, SHELF, LID, LOAD, PALLET}),
    facts=frozenset({LID, LOAD, PALLET}),
    writing="a kind is written toy/Box",
    shorthand="toy:// is not a warehouse",
)
