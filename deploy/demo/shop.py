#!/usr/bin/env python3
"""A small shop with a live SQLite database, for deploy/quickstart: something that can be damaged, restored and checked.

  shop.py run DIR      sells without end, several orders a second, until it is told to stop
  shop.py stop DIR     brings it to rest and waits until it rests
  shop.py start DIR    lets it go on
  shop.py check DB     tests a database: SQLite's own check, and that the books agree with the orders
  shop.py damage DB    writes nonsense over the middle of it

Every order is one transaction: it moves goods from the stock to the order and chains its checksum to the last one's. So a copy
that is not of one instant, or of which a part is missing, can't pass the check.
"""
import hashlib
import os
import pathlib
import random
import sqlite3
import sys
import time

STOCK = 1_000_000


def checksum(previous, number, item, count):
    return hashlib.sha256(f"{previous}/{number}/{item}/{count}".encode()).hexdigest()


def connect(path):
    connection = sqlite3.connect(path, timeout=10, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table if not exists stock (item text primary key, count integer not null)")
    connection.execute(
        "create table if not exists orders (number integer primary key, item text not null, count integer not null,"
        " checksum text not null)"
    )
    for item in ("apples", "pears", "plums"):
        connection.execute("insert or ignore into stock values (?, ?)", (item, STOCK))
    return connection


def sell(connection):
    connection.execute("begin immediate")
    number, previous = connection.execute(
        "select coalesce(max(number), 0) + 1, coalesce((select checksum from orders order by number desc limit 1), '')"
        " from orders"
    ).fetchone()
    item, count = random.choice(("apples", "pears", "plums")), random.randint(1, 5)
    connection.execute("update stock set count = count - ? where item = ?", (count, item))
    connection.execute("insert into orders values (?, ?, ?, ?)", (number, item, count, checksum(previous, number, item, count)))
    connection.execute("commit")


def run(folder):
    folder = pathlib.Path(folder)
    control = control_folder(folder)
    (control / "rests").unlink(missing_ok=True)
    connection = None
    while True:
        if (control / "rest").exists():
            if connection is not None:
                connection.close()
                connection = None
            (control / "rests").touch()
            time.sleep(0.02)
            continue
        (control / "rests").unlink(missing_ok=True)
        try:
            if connection is None:
                connection = connect(folder / "shop.db")
            sell(connection)
        except sqlite3.DatabaseError as error:
            print(f"shop: {error}", flush=True)
            connection = None
            time.sleep(0.5)
        time.sleep(0.02)


def control_folder(folder):
    """Beside the volume: a restore must not bring an order to rest back."""
    control = pathlib.Path(str(folder).rstrip("/") + ".control")
    control.mkdir(exist_ok=True)
    return control


def stop(folder):
    control = control_folder(folder)
    (control / "rest").touch()
    for _ in range(500):
        if (control / "rests").exists():
            return
        time.sleep(0.02)
    sys.exit("shop: it does not come to rest; does it run?")


def start(folder):
    (control_folder(folder) / "rest").unlink(missing_ok=True)


def check(path):
    if not os.path.exists(path):
        sys.exit(f"shop: there is no {path}")
    try:
        connection = sqlite3.connect(path, isolation_level=None)
        # One transaction: the shop goes on selling between two reads.
        connection.execute("begin")
        answer = connection.execute("pragma integrity_check").fetchone()[0]
        if answer != "ok":
            sys.exit(f"shop: {path} is broken: {answer}")
        previous, sold = "", {}
        orders = connection.execute("select number, item, count, checksum from orders order by number").fetchall()
        for expected, (number, item, count, stored) in enumerate(orders, 1):
            if number != expected or stored != checksum(previous, number, item, count):
                sys.exit(f"shop: {path} is inconsistent from order {number} on")
            previous, sold[item] = stored, sold.get(item, 0) + count
        for item, count in connection.execute("select item, count from stock"):
            if count + sold.get(item, 0) != STOCK:
                sys.exit(f"shop: {path} is inconsistent: stock and orders of {item} don't agree")
    except sqlite3.DatabaseError as error:
        sys.exit(f"shop: {path} is broken: {error}")
    print(f"intact: {len(orders)} orders, the chain of checksums and the stock agree")


def damage(path):
    size = os.path.getsize(path)
    with open(path, "r+b") as file:
        file.seek(size // 4)
        file.write(random.randbytes(size // 2))


if __name__ == "__main__":
    commands = {"run": run, "stop": stop, "start": start, "check": check, "damage": damage}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](sys.argv[2])
