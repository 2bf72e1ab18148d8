"""An entity of each kind of visibility."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from crmcore import Entity, Visibility
from crmcore.model import Members


class LeakEntity(Entity, plugin="leak"):
    __abstract__ = True


class LeakItem(LeakEntity):
    """Of an account, or of none, and then nobody's."""

    __tablename__ = "leak_item"
    __visibility__ = Visibility.via("account_id")
    __personal__ = ()

    text: Mapped[str] = mapped_column(String(40))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), default=None)


class LeakPart(LeakEntity):
    """Of something that is of an account."""

    __tablename__ = "leak_part"
    __visibility__ = Visibility.via("item_id")
    __personal__ = ()

    item_id: Mapped[int] = mapped_column(ForeignKey("leak_item.id"))
    text: Mapped[str] = mapped_column(String(40))


class LeakMemo(LeakEntity):
    """Of a user."""

    __tablename__ = "leak_memo"
    __visibility__ = Visibility.owner("author")
    __sensitive__ = True
    __personal__ = ()

    author: Mapped[str] = mapped_column(String(100))
    text: Mapped[str] = mapped_column(String(40))


class LeakNotice(LeakEntity):
    """Everybody's who may read the plugin's data."""

    __tablename__ = "leak_notice"
    __visibility__ = Visibility.public()
    __personal__ = ()

    text: Mapped[str] = mapped_column(String(40))


class LeakQueue(LeakEntity):
    """Nobody's."""

    __tablename__ = "leak_queue"
    __visibility__ = Visibility.system()
    __personal__ = ()

    text: Mapped[str] = mapped_column(String(40))


class LeakTask(LeakEntity):
    """Work of several hands, of an account or of none."""

    __tablename__ = "leak_task"
    __visibility__ = Visibility.among(
        "owner", "helper", via="account_id", shared="shared", private="private", members=Members("leak_hand", "task_id", "who")
    )
    __personal__ = ()

    owner: Mapped[str] = mapped_column(String(100))
    helper: Mapped[str | None] = mapped_column(String(100), default=None)
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), default=None)
    shared: Mapped[bool] = mapped_column(default=False)
    private: Mapped[bool] = mapped_column(default=False)


class LeakHand(LeakEntity):
    """Who takes part in a task."""

    __tablename__ = "leak_hand"
    __visibility__ = Visibility.public()
    __personal__ = ()

    task_id: Mapped[int] = mapped_column(ForeignKey("leak_task.id"))
    who: Mapped[str] = mapped_column(String(100))


class LeakCall(LeakEntity):
    """Work of one, of an account or of none."""

    __tablename__ = "leak_call"
    __visibility__ = Visibility.among("owner", via="account_id")
    __personal__ = ()

    owner: Mapped[str] = mapped_column(String(100))
    account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"), default=None)
