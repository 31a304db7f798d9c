"""Jobs come back as replies or problems, whatever a child does."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tirage.engine.errors import Problem, RenderProblem, RowProblem, TirageError
from tirage.pool import Job, Pool, PoolLimits, Reply

Open = Callable[..., Pool]
Ask = Callable[..., Any]

MEBIBYTE = 1024 * 1024


def _code_of(ask: Callable[[], object]) -> str:
    with pytest.raises(RenderProblem) as caught:
        ask()
    return caught.value.code


def test_echo(open_pool: Open, ask: Ask) -> None:
    """Header and parts arrive in the child and come back, empty and large ones too."""
    pool = open_pool(warm=["pool_handlers:warm", "json"])
    large = os.urandom(3 * MEBIBYTE)
    reply = ask(pool, "echo", b"", b"\0\xff", large, value={"ключ": [1, None, "😀"]})
    assert reply.header["value"] == {"ключ": [1, None, "😀"]}
    assert reply.parts == [b"", b"\0\xff", large]
    inspected = ask(pool, "inspect").header
    assert inspected["warmed"] == [str(inspected["parent"])]


@dataclass(frozen=True)
class Opened:
    """A file among the parts of a job."""

    descriptor: int
    size: int


def test_files_are_read_by_the_child(open_pool: Open, tmp_path: Path) -> None:
    """A child reads the files that a job names by descriptor: whole, from the start, as long as was announced."""
    pool = open_pool(workers=1)
    content = os.urandom(3 * MEBIBYTE)
    path = tmp_path / "file"
    path.write_bytes(content)
    with path.open("rb") as file:
        file.seek(1000)  # where the parent stands is of no matter
        whole, cut = Opened(file.fileno(), len(content)), Opened(file.fileno(), 10)
        beyond = Opened(file.fileno(), len(content) + 5)
        jobs = [
            Job("t", "w", {"do": "echo"}, [b"first", whole, b"", cut]),
            Job("t", "w", {"do": "echo"}, [b"none"]),
            Job("t", "w", {"do": "echo"}, [beyond]),
        ]
        replies = [future.result(20) for future in [pool.submit(job) for job in jobs]]
        with pytest.raises(ValueError, match="open files"):
            pool.submit(Job("t", "w", {}, [whole] * 17))
    assert [reply.parts for reply in replies] == [[b"first", content, b"", content[:10]], [b"none"], [content]]
    assert len({reply.header["pid"] for reply in replies}) == 1


def test_files_of_an_unreadable_one_leave_the_next_job_its_own(open_pool: Open, tmp_path: Path) -> None:
    """A descriptor that cannot be read fails its job; the descriptors of later jobs are not mixed up."""
    pool = open_pool(workers=1)
    path = tmp_path / "file"
    path.write_bytes(b"good")
    folder = os.open(tmp_path, os.O_RDONLY)
    with path.open("rb") as file:
        good = Opened(file.fileno(), 4)
        failing = pool.submit(Job("t", "w", {"do": "echo"}, [Opened(folder, 5), good]))
        fine = pool.submit(Job("t", "w", {"do": "echo"}, [good]))
        assert _code_of(lambda: failing.result(20)) == "render_failed"
        assert fine.result(20).parts == [b"good"]
    os.close(folder)


def test_a_deadly_file_is_known_by_its_content(open_pool: Open, tmp_path: Path) -> None:
    """A job with a file that ended two children is not tried a third time; with another content it is."""
    pool = open_pool(workers=1)
    path = tmp_path / "file"
    path.write_bytes(b"poison")
    with path.open("rb") as file:
        job = Job("t", "w", {"do": "segfault"}, [Opened(file.fileno(), 6)])
        assert _code_of(lambda: pool.submit(job).result(20)) == "render_crashed"
        deaths = pool.stats().deaths
        assert _code_of(lambda: pool.submit(job).result(20)) == "render_crashed"
        assert pool.stats().deaths == deaths == 2
        path.write_bytes(b"potion")
        assert _code_of(lambda: pool.submit(job).result(20)) == "render_crashed"
        assert pool.stats().deaths == 4


def test_resident_parts_reach_every_job(open_pool: Open) -> None:
    """A template's bytes are there in each job, in old and in new children, though they travel once to each."""
    pool = open_pool(workers=2, limits=PoolLimits(jobs_per_child=7, resident_templates=2))
    jobs = [Job(f"t{n % 3}", "w", {}, [b"%d" % n], [b"resident %d" % (n % 3)]) for n in range(60)]
    for index, outcome in pool.map(jobs):
        assert isinstance(outcome, Reply)
        assert outcome.parts == [b"resident %d" % (index % 3), b"%d" % index]
    assert pool.stats().recycled >= 6


@pytest.mark.parametrize("ordered", [True, False])
def test_map_in_bounds(open_pool: Open, ordered: bool) -> None:
    """5,000 jobs from a generator give 5,000 replies, and never more than the bound are read ahead."""
    pool = open_pool(workers=2)
    read = done = 0
    farthest = 0

    def jobs() -> Iterator[Job]:
        nonlocal read, farthest
        for number in range(5000):
            read += 1
            farthest = max(farthest, read - done)
            yield Job(f"t{number % 3}", "w", {"value": number})

    seen: list[int] = []
    for index, outcome in pool.map(jobs(), max_pending=12, ordered=ordered):
        done += 1
        assert isinstance(outcome, Reply)
        assert outcome.header["value"] == index
        seen.append(index)
    assert sorted(seen) == list(range(5000))
    assert not ordered or seen == sorted(seen)
    assert farthest <= 13
    assert (pool.stats().jobs, pool.stats().waiting, pool.stats().running) == (5000, 0, 0)


def test_leaving_a_map_early_cancels_the_rest(open_pool: Open) -> None:
    """A consumer that stops after three replies leaves nothing behind in the line."""
    pool = open_pool()
    replies = pool.map((Job("t", "w", {"sleep": 0.01}) for _ in range(1000)), max_pending=20)
    assert [next(replies)[0] for _ in range(3)] == [0, 1, 2]
    replies.close()  # type: ignore[attr-defined]
    ended = pool.submit(Job("t", "w", {})).result(10)
    assert ended.header["served"] < 20


def test_the_line_is_bounded(open_pool: Open) -> None:
    """Beyond `max_waiting` a job is refused at once, as something to be tried again."""
    pool = open_pool(max_waiting=3, prefetch=0)
    futures: list[Future[Reply]] = []
    with pytest.raises(RenderProblem) as caught:
        for _ in range(10):
            futures.append(pool.submit(Job("t", "w", {"sleep": 0.05})))
    assert (caught.value.code, caught.value.retryable) == ("pool_full", True)
    assert all(future.result(10).header for future in futures)


def test_errors_of_the_handler(open_pool: Open, ask: Ask) -> None:
    """Problems come back with type and members; other exceptions as `render_failed` without their message."""
    pool = open_pool()
    with pytest.raises(RowProblem) as caught:
        ask(pool, "raise", what="problem")
    assert caught.value.retryable
    expected = Problem("bad_value", "No.", pointer="/a/b", hint="Try yes.")
    assert caught.value.problems == (expected, Problem("second", "Nor this."))
    with pytest.raises(RenderProblem) as failed:
        ask(pool, "raise", what="key")
    assert failed.value.code == "render_failed"
    assert "KeyError" in str(failed.value) and "secret" not in str(failed.value)
    assert pool.stats().deaths == 0


@pytest.mark.check(172)
@pytest.mark.parametrize("do", ["segfault", "abort", "overflow"])
def test_native_death(open_pool: Open, ask: Ask, do: str) -> None:
    """A crash is tried once more in a fresh child, then is the job's problem; the next job is served."""
    pool = open_pool()
    assert _code_of(lambda: ask(pool, do)) == "render_crashed"
    assert (pool.stats().deaths, pool.stats().retried) == (2, 1)
    assert ask(pool, "echo", value=1).header["value"] == 1


@pytest.mark.check(171)
@pytest.mark.parametrize("do", ["exit", "garbage", "flood", "announce_10_gb", "other_job", "not_json"])
def test_lies(open_pool: Open, ask: Ask, do: str) -> None:
    """No reply, no frame, 10 GB, another job's number: the child is ended, the job fails, the parent goes on."""
    pool = open_pool()
    assert _code_of(lambda: ask(pool, do, id=1)) == "render_crashed"
    assert ask(pool, "echo", value=1).header["value"] == 1


def test_a_second_reply_is_a_lie(open_pool: Open, ask: Ask) -> None:
    """A child that answers twice is replaced, and the unasked answer reaches nobody."""
    pool = open_pool()
    assert ask(pool, "two_replies", id=1).header == {"first": True}
    assert ask(pool, "echo", value=2).header["value"] == 2


@pytest.mark.check(170)
def test_time(open_pool: Open, ask: Ask) -> None:
    """Sleeping ends at the wall limit, spinning at the CPU limit, both without a second try."""
    pool = open_pool(limits=PoolLimits(wall_seconds=0.5))
    assert _code_of(lambda: ask(pool, "sleep")) == "render_timeout"
    assert ask(pool, "echo", value=1).header["value"] == 1
    assert (pool.stats().timeouts, pool.stats().retried) == (1, 0)
    pool = open_pool(limits=PoolLimits(cpu_seconds=1))
    assert _code_of(lambda: ask(pool, "spin")) == "render_timeout"
    assert (pool.stats().timeouts, pool.stats().retried) == (1, 0)


def test_jobs_behind_a_hanging_one(open_pool: Open) -> None:
    """Jobs that waited in the channel of a child that hangs or dies are done by its successor, without blame."""
    pool = open_pool(limits=PoolLimits(wall_seconds=0.3), prefetch=3)
    jobs = [Job("t", "w", {"do": do, "value": 1}) for do in ("sleep", "echo", "abort", "echo", "echo")]
    outcomes = [outcome for _, outcome in pool.map(jobs)]
    codes = [outcome.code if isinstance(outcome, TirageError) else "done" for outcome in outcomes]
    assert codes == ["render_timeout", "done", "render_crashed", "done", "done"]


def test_asyncio(open_pool: Open) -> None:
    """The futures can be awaited."""
    pool = open_pool()

    async def run() -> list[Reply]:
        return await asyncio.gather(*(asyncio.wrap_future(pool.submit(Job("t", "w", {"value": n}))) for n in range(20)))

    assert [reply.header["value"] for reply in asyncio.run(run())] == list(range(20))


@pytest.mark.check(170)
def test_memory(open_pool: Open, ask: Ask) -> None:
    """One allocation beyond the limit, and a heap filled until malloc gives up, are both called lack of memory."""
    pool = open_pool(limits=PoolLimits(memory_bytes=256 * MEBIBYTE))
    assert _code_of(lambda: ask(pool, "allocate", size=2048 * MEBIBYTE)) == "render_memory"
    assert _code_of(lambda: ask(pool, "fill")) == "render_memory"
    assert ask(pool, "allocate", size=MEBIBYTE).header["size"] == MEBIBYTE


def test_a_crash_from_leftovers_is_mended_by_the_retry(open_pool: Open, ask: Ask) -> None:
    """A job that dies only in a used child succeeds in the fresh one."""
    pool = open_pool()
    ask(pool, "echo")
    assert ask(pool, "die_until").header == {"served": 1}
    assert pool.stats().retried == 1


@pytest.mark.check(18)
def test_poison_among_many(open_pool: Open) -> None:
    """One deadly row among 300 fails alone, after two deaths, and is refused at once the next time."""
    pool = open_pool(workers=2)
    poison = Job("t", "w", {"do": "segfault"}, [b"poison"])
    jobs = [Job("t", "w", {"value": n}) for n in range(300)]
    jobs[100] = poison
    outcomes = [outcome for _, outcome in pool.map(jobs)]
    failed = [index for index, outcome in enumerate(outcomes) if isinstance(outcome, TirageError)]
    assert failed == [100]
    assert pool.stats().deaths == 2
    assert _code_of(lambda: pool.submit(poison).result(10)) == "render_crashed"
    assert pool.stats().deaths == 2


@pytest.mark.check(8)
def test_killed_children(open_pool: Open) -> None:
    """Children killed from outside, again and again, cost no job."""
    pool = open_pool(workers=2)
    for index, outcome in pool.map(Job("t", "w", {"value": n, "sleep": 0.001}) for n in range(400)):
        assert isinstance(outcome, Reply)
        assert outcome.header["value"] == index
        if index % 40 == 0:
            try:
                os.kill(outcome.header["pid"], signal.SIGKILL)
            except ProcessLookupError:
                continue
    assert pool.stats().deaths >= 5
    assert pool.stats().failed == 0


def test_a_killed_fork_server_is_replaced(open_pool: Open) -> None:
    """With the fork server its children die; the jobs are done by those of a new one."""
    pool = open_pool(workers=2)
    for index, outcome in pool.map(Job("t", "w", {"value": n, "sleep": 0.002}) for n in range(100)):
        assert isinstance(outcome, Reply)
        if index == 30:
            os.kill(outcome.header["server"], signal.SIGKILL)
    assert pool.stats().server_starts == 2
    assert pool.stats().failed == 0


def test_workspaces_never_share_a_child(open_pool: Open) -> None:
    """The processes that served one workspace are disjoint from those of every other."""
    pool = open_pool(workers=2)
    processes: dict[str, set[int]] = {}
    jobs = [Job("t", f"w{n // 5 % 4}", {}) for n in range(80)]
    for index, outcome in pool.map(jobs):
        assert isinstance(outcome, Reply)
        processes.setdefault(jobs[index].workspace, set()).add(outcome.header["pid"])
    everything = [pid for pids in processes.values() for pid in pids]
    assert len(everything) == len(set(everything))


def test_recycling(open_pool: Open) -> None:
    """A child serves so many jobs and no more, or is replaced as soon as it has grown too heavy."""
    pool = open_pool(limits=PoolLimits(jobs_per_child=10))
    served = [outcome.header["served"] for _, outcome in pool.map(Job("t", "w", {}) for _ in range(45))]  # type: ignore[union-attr]
    assert max(served) == 10
    assert pool.stats().recycled == 4
    pool = open_pool(limits=PoolLimits(rss_bytes=1))
    pids = {pool.submit(Job("t", "w", {})).result(10).header["pid"] for _ in range(3)}
    assert len(pids) == 3
    assert pool.stats().max_rss_bytes > MEBIBYTE


def test_cannot_start(open_pool: Open, ask: Ask) -> None:
    """A handler that cannot be imported is told by name, at once and for every later job."""
    pool = open_pool(handler="no_such_module:handle")
    with pytest.raises(RenderProblem, match="no_such_module") as caught:
        pool.wait_ready(20)
    assert caught.value.code == "pool_unavailable"
    assert _code_of(lambda: ask(pool, "echo")) == "pool_unavailable"
