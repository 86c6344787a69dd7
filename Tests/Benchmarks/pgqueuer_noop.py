"""Measures pgqueuer in one process: no-op jobs per second, then the latency of single jobs on an idle queue.

Usage: pgqueuer_noop.py URL JOBS SAMPLES. Prints one JSON object.
"""

import asyncio
import json
import sys
import time

import asyncpg
import uvloop
from pgqueuer import QueueManager
from pgqueuer.db import AsyncpgDriver, AsyncpgPoolDriver, Driver
from pgqueuer.models import Job
from pgqueuer.queries import Queries
from pgqueuer.types import QueueExecutionMode

BATCH = 100


async def throughput(url: str, jobs: int, driver: Driver) -> float:
    """Jobs per second from the start to the last job's handler."""
    connection = await asyncpg.connect(url)
    queries = Queries(AsyncpgDriver(connection))
    await queries.install()
    for _ in range(0, jobs, 1000):
        await queries.enqueue(["noop"] * 1000, [None] * 1000, [0] * 1000)
    await connection.execute("VACUUM ANALYZE pgqueuer")
    await connection.execute("CHECKPOINT")

    manager = QueueManager(Queries(driver))
    handled = 0
    last = 0.0

    @manager.entrypoint("noop")
    async def noop(job: Job) -> None:
        nonlocal handled, last
        handled += 1
        last = time.perf_counter()

    begin = time.perf_counter()
    await manager.run(batch_size=BATCH, mode=QueueExecutionMode.drain)
    recorded = await connection.fetchval("SELECT count(DISTINCT job_id) FROM pgqueuer_log WHERE status = 'successful'")
    if (handled, recorded) != (jobs, jobs):
        raise SystemExit(f"pgqueuer handled {handled} and recorded {recorded} jobs instead of {jobs}")
    await queries.uninstall()
    await connection.close()
    return jobs / (last - begin)


async def latencies(url: str, samples: int) -> list[float]:
    connection = await asyncpg.connect(url)
    producer = Queries(AsyncpgDriver(await asyncpg.connect(url)))
    manager = QueueManager(Queries(AsyncpgDriver(connection)))
    started: asyncio.Queue[float] = asyncio.Queue()

    @manager.entrypoint("timed")
    async def timed(job: Job) -> None:
        started.put_nowait(time.perf_counter())

    worker = asyncio.create_task(manager.run(batch_size=BATCH))
    await asyncio.sleep(1)
    result = []
    for _ in range(samples):
        begin = time.perf_counter()
        await producer.enqueue("timed", None)
        result.append((await asyncio.wait_for(started.get(), 60) - begin) * 1000)
        await asyncio.sleep(0.005)
    manager.shutdown.set()
    await worker
    return sorted(result)


async def main() -> None:
    url, jobs, samples = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
    # With a pool, claims and completions overlap; which is faster depends on the machine. The better one counts.
    rates = [
        await throughput(url, jobs, AsyncpgDriver(await asyncpg.connect(url))),
        await throughput(url, jobs, AsyncpgPoolDriver(await asyncpg.create_pool(url, min_size=4, max_size=4))),
    ]
    connection = await asyncpg.connect(url)
    await Queries(AsyncpgDriver(connection)).install()
    await connection.close()
    times = await latencies(url, samples)
    print(json.dumps({"rate": max(rates), "p50": times[len(times) // 2], "p95": times[len(times) * 95 // 100]}))


uvloop.run(main())
