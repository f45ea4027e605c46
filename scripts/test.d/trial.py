"""What the trials of package, image and agent share: checks that are said and counted, programs, and a gateway with somebody before it."""
import contextlib
import hashlib
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent.parent.parent
CACHE = pathlib.Path("/var/cache/sluice")
# What is in the Debian beside its minimum, and beside what the package depends on.
ROOT_PACKAGES = ["systemd", "systemd-sysv", "dbus", "iproute2", "iputils-ping", "dpkg-dev", "apt-utils"]
ADDRESSES = {"banned": ["192.0.2.2", "2001:db8::2"], "good": ["192.0.2.3", "2001:db8::3"], "gateway": ["192.0.2.1", "2001:db8::1"]}

failures = []
checks = 0


def check(what, holds, detail=""):
    """Says it, and goes on: what follows often tells why."""
    global checks
    checks += 1
    print(("ok      " if holds else "FAILED  ") + what + (f": {detail}" if detail and not holds else ""), flush=True)
    if not holds:
        failures.append(what)


def summary(what):
    """The last line, and the exit code."""
    print(f"{checks} checks {what}, {len(failures)} failed")
    sys.exit(1 if failures else 0)


def run(*words, **options):
    """Runs a program; what it said, and its exit code, whatever that is."""
    return subprocess.run(words, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)


def need(*words, **options):
    made = run(*words, **options)
    if made.returncode != 0:
        sys.exit(f"{sys.argv[0]}: {' '.join(map(str, words))}: exit code {made.returncode}\n{made.stdout}{made.stderr}")
    return made.stdout


def eventually(condition, seconds=30):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.2)
    return condition()


def package(objects, **environment):
    """The Debian package, packed fast."""
    quick = {"DPKG_DEB_COMPRESSOR_TYPE": "gzip", "DPKG_DEB_COMPRESSOR_LEVEL": "1"}
    said = need(HERE / "scripts/package", *objects, env=os.environ | quick | environment)
    return HERE / said.strip().splitlines()[-1]


def debian(depends):
    """A tarball with a small Debian 12."""
    names = ROOT_PACKAGES + [re.split(r"[ (]", part.strip())[0] for part in depends.split(",")]
    path = CACHE / f"bookworm-{hashlib.sha256(' '.join(names).encode()).hexdigest()[:12]}.tar"
    if not path.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        need("mmdebstrap", "--variant=minbase", f"--include={','.join(names)}", "bookworm", CACHE / "new.tar")
        (CACHE / "new.tar").rename(path)
    return path


def lost(sent, answered):
    """What to say of it: which packets, in order, did not come back."""
    return f"of {sent}, these were lost: {sorted(set(range(1, sent + 1)) - answered)}"


class Traffic:
    """Pings from one source to the gateway, ten a second, until it is stopped."""

    def __init__(self, space, source, target):
        # Numbers of the packets that came back, once it is stopped.
        self.answered = set()
        self.process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{space}", "ping", "-I", source, "-i", "0.1", "-W", "1", target],
            stdout=subprocess.PIPE, text=True)

    def stop(self):
        """How many went out, and how many came back."""
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate()[0]
        self.answered = {int(number) for number in re.findall(r"icmp_seq=(\d+) ttl", said)}
        sent, back = re.search(r"(\d+) packets transmitted, (\d+) received", said).groups()
        return int(sent), int(back)


def introduce(gateway, peer):
    """Has the peer know the gateway's link address for good: it would ask for it in the banned source's name, too, and get no answer for anybody."""
    address = need("ip", "netns", "exec", gateway, "cat", "/sys/class/net/wan/address").strip()
    for name in ADDRESSES["gateway"]:
        need("ip", "-n", peer, "neighbour", "replace", name, "lladdr", address, "dev", "eth0", "nud", "permanent")


@contextlib.contextmanager
def network():
    """A gateway and who sends to it, each in a namespace."""
    gateway, peer = spaces = [f"sluice-trial-{os.getpid()}-{end}" for end in ("gateway", "peer")]
    try:
        for space in spaces:
            need("ip", "netns", "add", space)
            need("ip", "-n", space, "link", "set", "lo", "up")
        need("ip", "-n", gateway, "link", "add", "wan", "type", "veth", "peer", "name", "eth0", "netns", peer)
        for space, device, names in ((gateway, "wan", ["gateway"]), (peer, "eth0", ["banned", "good"])):
            for address in sum((ADDRESSES[name] for name in names), []):
                length, options = ("64", ["nodad"]) if ":" in address else ("24", [])
                need("ip", "-n", space, "address", "add", f"{address}/{length}", "dev", device, *options)
            need("ip", "-n", space, "link", "set", device, "up")
        introduce(*spaces)
        yield spaces
    finally:
        for space in spaces:
            run("ip", "netns", "del", space)
