"""The tables, drawn once with a fixed seed.

Foreign keys to accounts (one or two in a row, or part of the key, or to the uid), unique constraints, one-to-one, parents in the same
table or in others, generic references.
"""

from __future__ import annotations

import random

from sqlalchemy import ForeignKey, String, UniqueConstraint, Uuid
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Visibility
from crmcore.model import BigId, Json
from crmcore.model.base import KEYS_ONCE


class MazeEntity(Entity, plugin="maze"):
    __abstract__ = True


SHAPES = ("plain", "two", "single", "unique", "tree", "generic", "child", "uid", "both", "part_of_key")


def draw(number: int, rng: random.Random, before: list[type[MazeEntity]]) -> type[MazeEntity]:  # noqa: C901 - one branch for each shape
    shape = SHAPES[number] if number < len(SHAPES) else rng.choice(SHAPES[:-1])
    parents = [cls for cls in before if not cls.__references__ and cls.SHAPE != "part_of_key"]
    if shape in {"child", "both"} and not parents:
        shape = "plain"
    name = f"maze_t{number}"
    found = {
        "__tablename__": name,
        "__module__": __name__,
        "__personal__": (),
        "__annotations__": {},
        "__visibility__": Visibility.public(),
        "SHAPE": shape,
        "PARENT": None,
    }
    unique = []

    def column(key, kind, *args, **options):
        optional = options.get("nullable", False)
        found["__annotations__"][key] = Mapped[kind | None] if optional else Mapped[kind]
        found[key] = mapped_column(*args, **options, **({"default": None} if optional else {}))

    column("note", str, String(10))
    column("extra", dict, Json, nullable=True)
    if shape in {"plain", "two", "single", "unique", "tree", "both"}:
        column("a", int, BigId, ForeignKey("account.id"), unique=shape == "single", index=True)
    if shape == "part_of_key":
        # Its own table of links: the account is part of the primary key.
        column("a", int, BigId, ForeignKey("account.id"), primary_key=True)
    if shape == "two":
        column("b", int, BigId, ForeignKey("account.id"), nullable=True)
        unique = ["a", "b"] if rng.random() < 0.8 else []
    if shape == "unique":
        unique = ["a", "note"]
    if shape == "uid":
        column("a", str, Uuid(as_uuid=False), ForeignKey("account.uid"))
        unique = ["a", "note"] if rng.random() < 0.8 else []
    if shape == "tree":
        column("parent", int, BigId, ForeignKey(f"{name}.id"), nullable=True)
        unique = ["a", "note"] if rng.random() < 0.7 else []
    if shape == "generic":
        column("entity", str, String(60))
        column("record", int, BigId)
        found["__references__"] = {"record": "entity"}
        unique = ["entity", "record", "note"] if rng.random() < 0.8 else []
    if shape in {"child", "both"}:
        found["PARENT"] = parent = rng.choice(parents)
        column("up", int, BigId, ForeignKey(f"{parent.__tablename__}.id"), unique=shape == "child" and rng.random() < 0.3)
        unique = ["up", "note"] if rng.random() < 0.8 else []
        unique += ["a"] if shape == "both" and unique else []
    if unique:
        found["__table_args__"] = (UniqueConstraint(*unique),)
    made = type(MazeEntity)(f"T{number}", (MazeEntity,), found)
    if shape == "part_of_key":
        # SQLite gives keys once only where they are all of the primary key.
        made.__table__.info.pop(KEYS_ONCE)
    return made


def draw_all() -> list[type[MazeEntity]]:
    rng = random.Random(7)
    made: list[type[MazeEntity]] = []
    for number in range(25):
        made.append(draw(number, rng, made))
    return made


TABLES = draw_all()
