"""What a program in a unit's sandbox can do: everything is tried, and what happened is printed as JSON.

Python's standard library is all it needs; it runs in the place of the unit's own program. The numbers of
system calls are those of x86_64.
"""

from __future__ import annotations

import ctypes
import errno
import json
import mmap
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

LIBC = ctypes.CDLL(None, use_errno=True)
TRIED: dict[str, Callable[[], object]] = {}
STATE = Path(os.environ.get("STATE_DIRECTORY", "/var/lib/sottovoce"))
RUNTIME = Path(os.environ.get("RUNTIME_DIRECTORY", "/run"))


def _call(number: int, *arguments: object) -> Callable[[], object]:
    def made() -> object:
        given = LIBC.syscall(number, *arguments)
        if given < 0:
            raise OSError(ctypes.get_errno(), "system call")
        return None

    return made


def _read(path: str) -> Callable[[], object]:
    def made() -> None:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
        os.read(descriptor, 1)

    return made


def _open(path: str, how: int = os.O_RDWR) -> Callable[[], object]:
    """One that the telephone itself has open (EBUSY) was let through too."""

    def made() -> None:
        try:
            os.open(path, how | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise

    return made


def _write(path: Path) -> Callable[[], object]:
    return lambda: path.write_text("x") and None


def _list(path: str) -> Callable[[], object]:
    return lambda: os.listdir(path) and None


def _socket(family: int, kind: int, protocol: int = 0) -> Callable[[], object]:
    return lambda: socket.socket(family, kind, protocol).close()


def _execute(folder: Path) -> Callable[[], object]:
    """A program of its own making: a copy of /bin/true."""

    def made() -> None:
        program = folder / "program"
        program.write_bytes(Path("/usr/bin/true").read_bytes())
        program.chmod(0o700)
        try:
            subprocess.run([program], check=True)
        finally:
            program.unlink()

    return made


def _execute_memory() -> None:
    descriptor = os.memfd_create("program")
    os.write(descriptor, Path("/usr/bin/true").read_bytes())
    subprocess.run([f"/proc/self/fd/{descriptor}"], check=True, pass_fds=[descriptor])


def _writable_code() -> None:
    mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)


def _made_executable() -> None:
    LIBC.mmap.restype = ctypes.c_void_p
    page = LIBC.mmap(None, 4096, 3, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS, -1, 0)
    if LIBC.mprotect(ctypes.c_void_p(page), 4096, 5):
        raise OSError(ctypes.get_errno(), "mprotect")


def _suid() -> None:
    file = STATE / "suid"
    file.touch()
    try:
        file.chmod(0o4755)
    finally:
        file.unlink()


def _others() -> None:
    """Processes of other users (for root: any other), as /proc shows them."""
    me = os.getuid()
    pids = [name for name in os.listdir("/proc") if name.isdigit() and int(name) != os.getpid()]
    seen = [pid for pid in pids if me == 0 or _owner(pid) not in (me, None)]
    if not seen:
        raise PermissionError(errno.EPERM, "nobody else is seen")


def _owner(pid: str) -> int | None:
    """None for one that has ended."""
    try:
        return os.stat(f"/proc/{pid}").st_uid
    except FileNotFoundError:
        return None


def _connect(path: str) -> Callable[[], object]:
    def made() -> None:
        with socket.socket(socket.AF_UNIX) as one:
            one.connect(path)

    return made


def _send(address: str, port: int) -> Callable[[], object]:
    def made() -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
            one.sendto(b"x", (address, port))

    return made


def _journal() -> None:
    files = [file for file in Path("/run/log/journal").rglob("*.journal") if file.read_bytes()[:8]]
    if not files:
        raise PermissionError(errno.EPERM, "no journal is seen")


def _peek() -> None:
    """Where its own code lies another process has something too, more often than not: EFAULT is not EPERM."""
    here = ctypes.create_string_buffer(8)
    vector = (ctypes.c_void_p * 2)(ctypes.addressof(here), 8)
    if LIBC.syscall(310, 1, vector, 1, vector, 1, 0) < 0 and ctypes.get_errno() != errno.EFAULT:
        raise OSError(ctypes.get_errno(), "process_vm_readv")


def _listen() -> None:
    with socket.socket() as server:
        server.bind(("0.0.0.0", 0))
        server.listen()


TRIED |= {
    "write to its state": _write(STATE / "probe"),
    "write to /usr": _write(Path("/usr/x")),
    "write to /etc": _write(Path("/etc/x")),
    "write to /etc/sottovoce": _write(Path("/etc/sottovoce/x")),
    "write to /sys": _write(Path("/sys/kernel/mm/ksm/run")),
    "write to /proc/sys": _write(Path("/proc/sys/kernel/core_pattern")),
    "write to its cgroup": _write(Path("/sys/fs/cgroup/cgroup.procs")),
    "write to /run": _write(Path("/run/x")),
    "write to /dev": _write(Path("/dev/x")),
    "read the configuration": _read("/etc/sottovoce/phone.toml"),
    "read /etc/shadow": _read("/etc/shadow"),
    "read the key of this telephone": _read("/var/lib/systemd/credential.secret"),
    "read the encrypted credentials": _list("/data/credentials"),
    "list the telephone's state": _list("/var/lib/sottovoce"),
    "list the updater's state": _list("/var/lib/sottovoce-update"),
    "list what is on /data": _list("/data"),
    "read the journal": _journal,
    "read the kernel's messages": _read("/dev/kmsg"),
    "read another process": _read("/proc/1/environ"),
    "see other processes": _others,
    "execute from its state": _execute(STATE),
    "execute from its run-time folder": _execute(RUNTIME),
    "execute from /tmp": _execute(Path("/tmp")),
    "execute from /dev/shm": _execute(Path("/dev/shm")),
    "execute from memory": _execute_memory,
    "map writable code": _writable_code,
    "make data executable": _made_executable,
    "make a file set-user-id": _suid,
    "become root": lambda: os.setuid(0),
    "raise its priority": lambda: os.nice(-5) and None,
    "run in real time": lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(10)),
    "lock all memory": _call(151, 1),
    "use io_uring": _call(425, 8, ctypes.create_string_buffer(120)),
    "load a BPF program": _call(321, 0, ctypes.create_string_buffer(120), 120),
    "load a kernel module": _call(175, ctypes.create_string_buffer(8), 8, b""),
    "load a kernel module from a file": _call(313, 0, b"", 0),
    "load another kernel": _call(246, 0, 0, 0, 0),
    "trace a process": _call(101, 16, 1, 0, 0),
    "read another's memory": _peek,
    "watch the processor": _call(298, ctypes.create_string_buffer(128), 0, -1, -1, 0),
    "catch page faults": _call(323, 0),
    "mount": _call(165, b"none", b"/tmp", b"tmpfs", 0, 0),
    # These three before a namespace takes the right away.
    "read the kernel's clock": _call(159, ctypes.create_string_buffer(256)),
    "adjust the clock": _call(159, ctypes.create_string_buffer(b"\x10", 256)),  # ADJ_STATUS
    "restart the machine": _call(169, 0xFEE1DEAD, 672274793, 0, 0),
    "make a user namespace": _call(272, 0x10000000),
    "make a network namespace": _call(272, 0x40000000),
    "make a device": lambda: os.mknod(STATE / "dev", 0o20600, os.makedev(1, 1)),
    "set the clock": _call(164, ctypes.create_string_buffer(16), 0),
    "set the host name": _call(170, b"x", -1),
    "use a keyring": _call(250, 0, -3, 1),
    "kill process 1": lambda: os.kill(1, 0),
    "open a raw socket": _socket(socket.AF_INET, socket.SOCK_RAW, 1),
    "open a packet socket": _socket(socket.AF_PACKET, socket.SOCK_RAW),
    "open a netlink socket": _socket(socket.AF_NETLINK, socket.SOCK_RAW),
    "open a Bluetooth socket": _socket(31, socket.SOCK_RAW, 1),
    "open an internet socket": _socket(socket.AF_INET, socket.SOCK_DGRAM),
    "open a local socket": _socket(socket.AF_UNIX, socket.SOCK_STREAM),
    "listen on the network": _listen,
    "send where nothing is declared": _send("192.0.2.1", 443),
    "open the system's bus": _connect("/run/dbus/system_bus_socket"),
    "open the telephone's control socket": _connect("/run/sottovoce/control.sock"),
    "open the GPIO chip": _open("/dev/gpiochip0"),
    "open the display's bus": _open("/dev/i2c-1"),
    "open a sound card": _open("/dev/snd/pcmC0D0p"),
    "open the mixer": _open("/dev/snd/controlC2"),
    "open the disk": _open("/dev/vda", os.O_RDONLY),
    "read a slot": _read("/run/sottovoce-boot/root_b"),
    "write a slot": _open("/run/sottovoce-boot/root_b"),
    "open the memory": _open("/dev/mem"),
    "open the console": _open("/dev/ttyS0"),
    "open the watchdog": _open("/dev/watchdog", os.O_WRONLY),
    "open the clock": _open("/dev/rtc0", os.O_RDONLY),
    "open an input device": _open("/dev/input/event0", os.O_RDONLY),
    "open the I2C bus's other side": _open("/dev/i2c-witness"),
    "start 100 threads": lambda: _threads(100),
    "change its root": lambda: os.chroot("/tmp"),  # the last one: nothing is found afterwards
}


def _threads(count: int) -> None:
    done = threading.Event()
    started = [threading.Thread(target=done.wait) for _ in range(count)]
    try:
        for one in started:
            one.start()
    finally:
        done.set()


def tried(name: str) -> str:
    try:
        TRIED[name]()
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error.errno))
    except (subprocess.SubprocessError, RuntimeError) as error:
        return type(error).__name__
    return "done"


if __name__ == "__main__":
    print(json.dumps({name: tried(name) for name in TRIED}, indent=1), file=sys.stdout, flush=True)
