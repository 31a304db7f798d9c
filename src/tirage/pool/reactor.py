"""The pool's one thread: channels and the clock in, settled futures out; here every rule about children is kept."""

from __future__ import annotations

import contextlib
import logging
import os
import selectors
import socket
import threading
import time
from collections import deque
from pathlib import Path

from tirage.engine.errors import TirageError
from tirage.pool import failures
from tirage.pool.answers import understand
from tirage.pool.forkserver import ServerConfig
from tirage.pool.framing import ChannelClosed, Frame, Kind, ProtocolError, send_some
from tirage.pool.job import PoolStats, Reply
from tirage.pool.link import ForkServer, ServerEvent
from tirage.pool.poison import Poison
from tirage.pool.slots import Slot, Task, choose
from tirage.pool.verdict import Ending, Verdict, judge

_OUTSIDE_KILLS = 2  # somebody else's SIGKILL is not the job's fault: three attempts in all
_SERVER_STARTS = 5  # in a row, without a finished job between them
_GONE_SECONDS = 1.0  # how long a child may take to leave by itself
_WEIGHING_SECONDS = 0.1  # reading /proc takes 0.1 ms, too much for every job
_PAGE = os.sysconf("SC_PAGE_SIZE")

log = logging.getLogger("tirage.pool")


class Reactor:
    """Runs children for tasks in a thread of its own. All members but the documented ones belong to that thread."""

    def __init__(self, config: ServerConfig, *, workers: int, prefetch: int) -> None:
        self.settled = threading.Event()  # the fork server is ready, or never will be
        self.broken: TirageError | None = None
        self._config = config
        self._limits = config.limits
        self._workers = workers
        self._prefetch = prefetch
        self._lock = threading.Lock()
        self._inbox: deque[Task] = deque()  # shared, under the lock
        self._closing = False  # shared, under the lock
        self._full = False  # shared, under the lock: no task could be given to a child before something is heard of one
        self._waiting: deque[Task] = deque()
        self._slots: dict[int, Slot] = {}
        self._next_slot = 0
        self._ready = False
        self._fruitless_starts = 0
        self._server_deadline = 0.0
        self._poison = Poison()
        self._jobs = self._failed = self._retried = self._deaths = 0
        self._timeouts = self._recycled = self._server_starts = self._max_rss = 0
        self._selector = selectors.DefaultSelector()
        self._wake_out, self._wake_in = socket.socketpair()
        self._wake_out.setblocking(False)
        self._wake_in.setblocking(False)
        self._selector.register(self._wake_out, selectors.EVENT_READ, None)
        self._start_server()
        self._thread = threading.Thread(target=self._run, name="tirage-pool", daemon=True)
        self._thread.start()

    # Called from any thread.

    def enqueue(self, task: Task) -> None:
        """Puts a task at the end of the line. Raises when the pool is closed or cannot work."""
        with self._lock:
            if self.broken is not None:
                raise self.broken
            if self._closing:
                raise failures.closed()
            self._inbox.append(task)
            full = self._full
        if not full:
            self._wake()

    def backlog(self) -> int:
        """How many tasks wait for a child."""
        return len(self._inbox) + len(self._waiting)

    def stats(self) -> PoolStats:
        """The counters, read without stopping the thread."""
        slots = [slot for slot in list(self._slots.values()) if not slot.dying]
        return PoolStats(
            workers=self._workers,
            children=len(slots),
            running=sum(bool(slot.tasks) for slot in slots),
            waiting=self.backlog(),
            jobs=self._jobs,
            failed=self._failed,
            retried=self._retried,
            deaths=self._deaths,
            timeouts=self._timeouts,
            recycled=self._recycled,
            server_starts=self._server_starts,
            max_rss_bytes=self._max_rss,
        )

    def close(self, timeout: float) -> None:
        """Ends the thread, the fork server and all children."""
        with self._lock:
            self._closing = True
        self._wake()
        if threading.current_thread() is not self._thread:  # a callback may close the pool it runs in
            self._thread.join(timeout)

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: the thread is about to look; closed: it has ended
            self._wake_in.send(b"\0")

    # The thread.

    def _run(self) -> None:
        try:
            while not self._closing and self.broken is None:
                for key, _ in self._selector.select(self._patience()):
                    self._serve(key)
                self._empty_inbox()
                self._expire()
                self._dispatch()
                while not self._rests():
                    self._empty_inbox()
                    self._dispatch()
        except BaseException as error:
            log.exception("the render pool failed")
            self.broken = failures.refused(f"The render pool failed ({type(error).__name__}).")
        finally:
            self._shut()

    def _serve(self, key: selectors.SelectorKey) -> None:
        if key.data is None:
            self._wake_out.recv(4096)
        elif isinstance(key.data, ForkServer):
            self._hear(key.data)
        elif isinstance(key.data, Slot) and not key.data.dying:
            self._push(key.data)
            self._read(key.data)

    def _patience(self) -> float | None:
        deadlines = [slot.deadline for slot in self._slots.values() if slot.deadline]
        if not self._ready:
            deadlines.append(self._server_deadline)
        return max(0.0, min(deadlines) - time.monotonic()) if deadlines else None

    def _empty_inbox(self) -> None:
        with self._lock:
            self._waiting.extend(self._inbox)
            self._inbox.clear()
            self._full = False

    def _rests(self) -> bool:
        """Whether nothing was put in line meanwhile; if so, and all children are full, new tasks need not wake us."""
        with self._lock:
            if self._inbox:
                return False
            alive = [slot for slot in self._slots.values() if not slot.dying]
            self._full = len(alive) >= self._workers and all(len(slot.tasks) > self._prefetch for slot in alive)
        return True

    def _expire(self) -> None:
        now = time.monotonic()
        if not self._ready and now > self._server_deadline:
            self._break("The renderer did not start in time.")
        for slot in list(self._slots.values()):
            if not slot.deadline or now < slot.deadline:
                continue
            slot.timed_out = not slot.dying
            self._condemn(slot)

    def _dispatch(self) -> None:
        while self._ready and self._waiting:
            room = self._workers - sum(not slot.dying for slot in self._slots.values())
            pairing = choose(self._waiting, self._slots.values(), room=room, prefetch=self._prefetch)
            if pairing is None:
                return
            task = self._waiting[pairing.index]
            del self._waiting[pairing.index]
            if not self._admit(task):
                continue
            if pairing.index:
                self._waiting[0].passed_over += 1
            if pairing.replaces is not None:
                self._retire(pairing.replaces)
            try:
                slot = pairing.slot or self._open_slot()
            except OSError as error:  # no file descriptors left in this process, say: the next job may have more luck
                self._fail(task, failures.refused(f"No renderer could be started: {error.strerror}."))
                continue
            self._assign(task, slot)

    def _admit(self, task: Task) -> bool:
        if not task.running:
            if not task.future.set_running_or_notify_cancel():
                return False
            task.running = True
            if self._poison.forbids(task):
                self._fail(task, failures.crashed(poisoned=True))
                return False
        return True

    def _open_slot(self) -> Slot:
        self._next_slot += 1
        slot = Slot.open(self._next_slot, self._server.spawn(self._next_slot), self._limits)
        self._slots[slot.id] = slot
        self._selector.register(slot.channel, selectors.EVENT_READ, slot)
        return slot

    def _assign(self, task: Task, slot: Slot) -> None:
        slot.take(task, self._limits)
        if len(slot.tasks) == 1:
            slot.deadline = time.monotonic() + self._limits.wall_seconds
        self._push(slot)

    def _push(self, slot: Slot) -> None:
        if slot.outgoing:
            try:
                send_some(slot.channel, slot.outgoing)
            except ChannelClosed:
                slot.outgoing.clear()  # reading finds the end of the stream, and whatever came before it
        if slot.writing != bool(slot.outgoing):
            slot.writing = bool(slot.outgoing)
            events = selectors.EVENT_READ | (selectors.EVENT_WRITE if slot.writing else 0)
            self._selector.modify(slot.channel, events, slot)

    def _read(self, slot: Slot) -> bool:
        """One read; False when nothing was there."""
        try:
            for frame in slot.reader.receive(slot.channel):
                self._accept(slot, frame)
        except BlockingIOError:
            return False
        except ChannelClosed:
            self._condemn(slot)
        except (ProtocolError, ValueError):  # not a frame, not JSON, not an answer to what was asked
            slot.lied = True
            self._condemn(slot)
        return True

    def _accept(self, slot: Slot, frame: Frame) -> None:
        outcome = understand(frame, slot.tasks[0].id if slot.tasks else None)
        task = slot.tasks.popleft()
        self._fruitless_starts = 0
        now = time.monotonic()
        slot.deadline = now + self._limits.wall_seconds if slot.tasks else 0.0
        out_of_memory = frame.kind == Kind.PROBLEM and failures.is_memory(frame.header)
        slot.retiring = slot.retiring or out_of_memory or self._too_heavy(slot, now)
        if out_of_memory and slot.assigned > 1 and not task.needs_fresh:
            self._again(task)  # what other jobs left behind may have filled the memory
        elif isinstance(outcome, Reply):
            self._jobs += 1
            task.future.set_result(outcome)
        else:
            self._fail(task, outcome)
        if slot.retiring and not slot.tasks and not slot.dying:
            self._recycled += 1
            self._retire(slot)

    def _too_heavy(self, slot: Slot, now: float) -> bool:
        if now - slot.weighed < _WEIGHING_SECONDS:
            return False
        slot.weighed = now
        rss = _resident_bytes(slot.pid)
        self._max_rss = max(self._max_rss, rss)
        return rss > self._limits.rss_bytes

    def _fail(self, task: Task, error: TirageError) -> None:
        self._jobs += 1
        self._failed += 1
        task.future.set_exception(error)

    def _again(self, task: Task) -> None:
        self._retried += 1
        task.needs_fresh = True
        self._waiting.appendleft(task)

    # The end of a child: retired (it leaves by itself), condemned (it is killed), buried (it is gone).

    def _retire(self, slot: Slot) -> None:
        slot.dying = True
        slot.deadline = time.monotonic() + _GONE_SECONDS
        self._selector.unregister(slot.channel)
        slot.channel.close()

    def _condemn(self, slot: Slot) -> None:
        if not slot.dying:
            self._retire(slot)
        slot.deadline = 0.0
        self._server.kill(slot.id)

    def _bury(self, slot: Slot, status: int | None, rss: int) -> None:
        while not slot.dying and self._read(slot):  # a reply that was complete before the end counts
            pass
        if not slot.dying:
            self._retire(slot)
        del self._slots[slot.id]
        self._max_rss = max(self._max_rss, rss)
        if not slot.tasks:
            return
        self._deaths += 1
        task = slot.tasks.popleft()
        self._waiting.extendleft(reversed(slot.tasks))  # those behind it are not to blame
        self._sentence(task, judge(Ending(status, rss, slot.timed_out, slot.lied), self._limits))

    def _sentence(self, task: Task, verdict: Verdict) -> None:
        limits = self._limits
        if verdict in (Verdict.WALL_TIME, Verdict.CPU_TIME):
            self._timeouts += 1
            seconds = limits.wall_seconds if verdict is Verdict.WALL_TIME else limits.cpu_seconds
            self._fail(task, failures.timed_out(seconds))
        elif verdict is Verdict.SANDBOX:
            self._again(task)
            self._break("The renderer's sandbox cannot be entered on this machine.")
        elif verdict is Verdict.OUTSIDE and task.outside_kills < _OUTSIDE_KILLS:
            task.outside_kills += 1
            self._again(task)
        elif not self._poison.blame(task):
            self._again(task)
        else:
            self._fail(task, failures.out_of_memory() if verdict is Verdict.MEMORY else failures.crashed())

    # The fork server.

    def _start_server(self) -> None:
        self._ready = False
        self._server_starts += 1
        self._fruitless_starts += 1
        self._server_deadline = time.monotonic() + self._limits.start_seconds
        self._server = ForkServer(self._config)
        self._selector.register(self._server.channel, selectors.EVENT_READ, self._server)

    def _hear(self, server: ForkServer) -> None:
        try:
            for event in server.events():
                self._heed(event)
        except ChannelClosed:
            self._mourn(server)

    def _heed(self, event: ServerEvent) -> None:
        slot = self._slots.get(event.child)
        if event.event == "ready":
            self._ready = True
            self.settled.set()
            if event.threads > 1:
                log.warning("a warmed library runs %d threads in the fork server; children may hang", event.threads - 1)
        elif event.event == "failed":
            self._break(f"The renderer could not start: {event.type}: {event.message}.")
        elif event.event == "started" and slot is not None:
            slot.pid = event.pid
        elif event.event == "exited" and slot is not None:
            self._bury(slot, event.status if event.status >= 0 else None, event.rss)

    def _mourn(self, server: ForkServer) -> None:
        self._selector.unregister(server.channel)
        server.stop()
        for slot in list(self._slots.values()):
            self._bury(slot, None, 0)
        if self.broken is not None:
            return
        if self._ready and self._fruitless_starts < _SERVER_STARTS:
            log.warning("the fork server ended; starting another")
            self._start_server()
        else:
            self._break("The renderer could not start, or ended again and again.")

    def _break(self, message: str) -> None:
        self.broken = failures.refused(message)

    def _shut(self) -> None:
        with self._lock:
            self._closing = True
            self._waiting.extend(self._inbox)
            self._inbox.clear()
        error = self.broken or failures.closed()
        for slot in self._slots.values():
            self._waiting.extend(slot.tasks)
            slot.tasks.clear()
            if not slot.dying:
                slot.channel.close()
        self._slots.clear()
        self._server.stop()
        self.settled.set()
        for task in self._waiting:
            if task.running or task.future.set_running_or_notify_cancel():
                task.future.set_exception(error)
        self._waiting.clear()
        self._selector.close()
        self._wake_in.close()
        self._wake_out.close()


def _resident_bytes(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError):  # no /proc on this system, or the child has just ended
        return 0
