#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Installs a pinned MLflow into a cache of its own and runs its server for as long as somebody needs it.

  mlflow_server.py install
  mlflow_server.py serve --dir DIR [--port N] [--watch-pid PID] [--state-file F] [--workers K]
                         [--basic-auth] [--tls] [--backend-store-uri URI]

`install` is safe to call at any time and from several processes at once: the first one does the work,
the others wait, and when it is done it returns at once. The cache is ${RUNTRACKER_CACHE:-~/.cache/runtracker}.

`serve` runs the real `mlflow server` on 127.0.0.1, writes the state file (JSON) once it answers and ends
every process it started when it gets SIGTERM or SIGINT, or when the watched process ends. It exits with 0
then, and with 1 when the server ended by itself. DIR keeps the database and artifacts for a next start.
"""

import argparse
import configparser
import contextlib
import fcntl
import http.client
import json
import os
import queue
import secrets
import shlex
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from pathlib import Path

VERSION = "3.17.2"
# Flask-WTF: MLflow's basic auth needs it; psycopg2-binary: its PostgreSQL store does.
REQUIREMENTS = [f"mlflow=={VERSION}", "Flask-WTF>=1.2,<2", "psycopg2-binary>=2.9,<3"]
# What the marker file must hold; another list of requirements, or another number, installs anew.
MARKER = {"requirements": REQUIREMENTS, "layout": 1}

CACHE = Path(os.environ.get("RUNTRACKER_CACHE") or Path.home() / ".cache" / "runtracker").absolute()
HOME = CACHE / f"mlflow-{VERSION}"
VENV_PYTHON = HOME / "venv" / "bin" / "python"
TEMPLATE = HOME / "template.db"
AUTH_TEMPLATE = HOME / "template-auth.db"

HOST = "127.0.0.1"
START_TIMEOUT = 180.0
END_TIMEOUT = 5.0
WATCH_INTERVAL = 0.2

# The stores as the server itself makes them, only once. A start on a copy takes half the time.
MAKE_TEMPLATES = """
import sys
from mlflow.server.auth.sqlalchemy_store import SqlAlchemyStore as AuthStore
from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore
SqlAlchemyStore("sqlite:///" + sys.argv[1], "mlflow-artifacts:/")
AuthStore().init_db("sqlite:///" + sys.argv[2])
"""

# A certificate authority and a server certificate for 127.0.0.1 and localhost.
MAKE_CERTIFICATES = """
import datetime, ipaddress, os, sys
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

now = datetime.datetime.now(datetime.timezone.utc)

def named(text):
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

def certificate(subject, issuer, public_key):
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public_key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public_key), critical=False)
    )

def usage(**granted):
    every = ["digital_signature", "content_commitment", "key_encipherment", "data_encipherment",
             "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"]
    return x509.KeyUsage(**{name: granted.get(name, False) for name in every})

ca_key = ec.generate_private_key(ec.SECP256R1())
ca_name = named("Runtracker test CA")
ca = (
    certificate(ca_name, ca_name, ca_key.public_key())
    .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
    .add_extension(usage(key_cert_sign=True, crl_sign=True), critical=True)
    .sign(ca_key, hashes.SHA256())
)
key = ec.generate_private_key(ec.SECP256R1())
names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
leaf = (
    certificate(named("localhost"), ca_name, key.public_key())
    .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    .add_extension(usage(digital_signature=True), critical=True)
    .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    .add_extension(x509.SubjectAlternativeName(names), critical=False)
    .add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(ca_key.public_key()), critical=False)
    .sign(ca_key, hashes.SHA256())
)
directory = sys.argv[1]
pem = serialization.Encoding.PEM
private = key.private_bytes(
    pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
def write(name, content, mode):
    path = os.path.join(directory, name)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as out:
        out.write(content)
write("server.key", private, 0o600)
write("server.pem", leaf.public_bytes(pem), 0o644)
write("ca.pem", ca.public_bytes(pem), 0o644)
"""


class Failure(Exception):
    """Something the user can read and act on; the script ends with 1."""


class Ended(Exception):
    """SIGTERM, SIGINT or SIGHUP arrived before there was a server to end."""


def say(text):
    print(f"[mlflow-server] {text}", file=sys.stderr, flush=True)


# ---------------------------------------------------------------- install


def installed():
    try:
        marker = json.loads((HOME / "installed.json").read_text())
    except (OSError, ValueError):
        return False
    return marker == MARKER and os.access(VENV_PYTHON, os.X_OK)


def install():
    if installed():
        return
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"mlflow-{VERSION}.lock", "w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("another process is installing MLflow; waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        if not installed():
            install_locked(lock)


def install_locked(lock):
    began = time.monotonic()
    say(f"installing MLflow {VERSION} into {HOME} (once; one to three minutes, about 900 MB)")
    if HOME.exists():
        shutil.rmtree(HOME)  # an install that was interrupted, or one of other requirements
    HOME.mkdir(parents=True)
    check_venv_support()
    run_step(lock, "venv", [sys.executable, "-m", "venv", str(HOME / "venv")])
    pip = [str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    run_step(lock, "pip", [*pip, "--progress-bar", "off", *REQUIREMENTS])
    say("making the template databases")
    templates = [str(TEMPLATE), str(AUTH_TEMPLATE)]
    run_step(lock, "templates", [str(VENV_PYTHON), "-c", MAKE_TEMPLATES, *templates])
    write_atomically(HOME / "installed.json", json.dumps(MARKER))
    say(f"installed in {time.monotonic() - began:.0f} s")


def check_venv_support():
    try:
        import ensurepip  # noqa: F401
        import venv  # noqa: F401
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise Failure(
            f"{sys.executable} cannot make virtual environments (ensurepip is missing). "
            f"On Debian and Ubuntu: apt install python{version}-venv"
        ) from None


def run_step(lock, name, command):
    """Runs it, saying every few seconds how far it is; the whole output goes into a log file.

    The child inherits the lock: when this process is killed, nobody installs over a pip still running.
    """
    log = HOME / f"{name}.log"
    began = time.monotonic()
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", env=clean_environment(), pass_fds=[lock.fileno()])
    lines = queue.Queue()

    def read():
        for line in process.stdout:
            lines.put(line)
        lines.put(None)

    threading.Thread(target=read, daemon=True).start()
    tail, spoken = [], time.monotonic()
    try:
        with open(log, "w") as out:
            while True:
                with contextlib.suppress(queue.Empty):
                    line = lines.get(timeout=1)
                    if line is None:
                        break
                    out.write(line)
                    tail = [*tail[-30:], line.rstrip()]
                if time.monotonic() - spoken > 5:
                    spoken = time.monotonic()
                    say(f"{spoken - began:4.0f} s  {name}: {tail[-1].strip()[:100] if tail else '...'}")
    except BaseException:
        process.kill()
        raise
    if process.wait() != 0:
        raise Failure(f"{name} failed with {process.returncode}:\n  " + "\n  ".join(tail))


def clean_environment():
    """The user's environment without what would change which Python or MLflow settings are used."""
    return {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("MLFLOW_", "_MLFLOW", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"))
    }


def write_atomically(path, text, mode=0o644):
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "w") as out:
        out.write(text)
    os.replace(beside, path)


# ---------------------------------------------------------------- processes


def process_table():
    """(pid, group, state, start) of every process; from /proc where there is one, else from ps."""
    if Path("/proc/self/stat").exists():
        for entry in os.listdir("/proc"):
            if entry.isdigit():
                with contextlib.suppress(OSError):
                    stat = Path("/proc", entry, "stat").read_text(errors="replace")
                    fields = stat.rpartition(")")[2].split()
                    yield int(entry), int(fields[2]), fields[0], fields[19]
        return
    table = subprocess.run(
        ["ps", "-axo", "pid=,pgid=,stat=,lstart="], capture_output=True, text=True, check=True).stdout
    for line in table.splitlines():
        pid, group, state, start = line.split(None, 3)
        yield int(pid), int(group), state[0], start


def group_members(group):
    return sorted(pid for pid, of, state, _ in process_table() if of == group and state not in "ZX")


def start_of(pid):
    """When a process began, as a mark against pid reuse; None when there is none (or a zombie)."""
    with contextlib.suppress(OSError, IndexError):
        if Path("/proc/self/stat").exists():
            fields = Path("/proc", str(pid), "stat").read_text(errors="replace").rpartition(")")[2].split()
            return None if fields[0] in "ZX" else fields[19]
        return next((s for p, _, state, s in process_table() if p == pid and state not in "ZX"), None)
    return None


def signal_group(group, number):
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)


def end_group(process):
    """Ends every process of the server: asks, then kills, and does not return before they are gone."""
    group = process.pid
    signal_group(group, signal.SIGTERM)
    signal_group(group, signal.SIGCONT)  # a frozen server cannot hear the SIGTERM
    for number, patience in ((None, END_TIMEOUT), (signal.SIGKILL, END_TIMEOUT)):
        if number is not None:
            signal_group(group, number)
        until = time.monotonic() + patience
        while time.monotonic() < until:
            process.poll()  # reaps it
            if not group_members(group):
                process.wait()  # it may have become a zombie since the poll
                return
            time.sleep(0.02)
    raise Failure(f"processes {group_members(group)} do not end")


def guard_group(group):
    """A process that kills the group should this one be killed itself. Returns how to let it go."""
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.close(writing)
            quiet = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):  # nobody must wait for our ends of their pipes
                os.dup2(quiet, descriptor)
            on_end_signals(signal.SIG_IGN)
            if os.read(reading, 1) == b"":
                signal_group(group, signal.SIGKILL)
        finally:
            os._exit(0)
    os.close(reading)

    def release():
        os.write(writing, b"x")
        os.close(writing)
        os.waitpid(pid, 0)

    return release


# ---------------------------------------------------------------- serve


class Server:
    def __init__(self, options):
        self.directory = Path(options.dir).absolute()
        self.options = options
        self.certificates = self.directory / "tls"
        self.ca = self.certificates / "ca.pem" if options.tls else None
        self.credentials = None
        self.environment = {
            **clean_environment(),
            "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
            "MLFLOW_DISABLE_TELEMETRY": "true",
            "DO_NOT_TRACK": "true",
        }
        self.log = self.directory / "server.log"

    def prepare(self):
        self.directory.mkdir(parents=True, exist_ok=True)
        if not self.options.backend_store_uri:
            copy_template(TEMPLATE, self.directory / "mlflow.db")
        if self.options.basic_auth:
            self.prepare_basic_auth()
        if self.options.tls and not self.ca.exists():
            self.certificates.mkdir(exist_ok=True)
            subprocess.run(
                [VENV_PYTHON, "-c", MAKE_CERTIFICATES, self.certificates],
                check=True, env=clean_environment(), stdin=subprocess.DEVNULL)

    def prepare_basic_auth(self):
        copy_template(AUTH_TEMPLATE, self.directory / "auth.db")
        settings = self.directory / "auth.ini"
        config = configparser.ConfigParser(interpolation=None)
        if not config.read(settings):
            config["mlflow"] = {
                "default_permission": "READ",
                "database_uri": f"sqlite:///{self.directory}/auth.db",
                "admin_username": "admin",
                "admin_password": secrets.token_urlsafe(18),
            }
            with os.fdopen(os.open(settings, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
                config.write(out)
        section = config["mlflow"]
        self.credentials = section["admin_username"], section["admin_password"]
        self.environment["MLFLOW_AUTH_CONFIG_PATH"] = str(settings)
        self.environment["MLFLOW_FLASK_SERVER_SECRET_KEY"] = secrets.token_hex(32)

    def command(self, port):
        store = self.options.backend_store_uri or f"sqlite:///{self.directory}/mlflow.db"
        command = [
            str(VENV_PYTHON), "-m", "mlflow", "server", "--host", HOST, "--port", str(port),
            "--workers", str(self.options.workers), "--backend-store-uri", store,
            "--artifacts-destination", str(self.directory / "artifacts"),
        ]
        if self.options.basic_auth:
            command += ["--app-name", "basic-auth"]
        if self.options.tls:
            files = [str(self.certificates / name) for name in ("server.key", "server.pem")]
            command += ["--uvicorn-opts", "--ssl-keyfile {} --ssl-certfile {}".format(*map(shlex.quote, files))]
        return command

    def start(self, port):
        with open(self.log, "ab") as log:
            return subprocess.Popen(
                self.command(port), cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT, start_new_session=True)

    def healthy(self, port):
        if self.options.tls:
            context = ssl.create_default_context(cafile=self.ca)
            connection = http.client.HTTPSConnection(HOST, port, timeout=5, context=context)
        else:
            connection = http.client.HTTPConnection(HOST, port, timeout=5)
        with contextlib.closing(connection):
            try:
                connection.request("GET", "/health")
                return connection.getresponse().status == 200
            except (OSError, http.client.HTTPException):
                return False

    def state(self, port, process):
        user, password = self.credentials or (None, None)
        return {
            "url": f"{'https' if self.options.tls else 'http'}://{HOST}:{port}",
            "port": port,
            "pid": os.getpid(),
            "processGroup": process.pid,
            "pids": group_members(process.pid),
            "watchPid": self.options.watch_pid,
            "directory": str(self.directory),
            "log": str(self.log),
            "python": str(VENV_PYTHON),
            "caCertificate": str(self.ca) if self.ca else None,
            "username": user,
            "password": password,
        }

    def last_lines(self):
        with contextlib.suppress(OSError):
            return "\n  ".join(self.log.read_text(errors="replace").splitlines()[-25:])
        return ""


def copy_template(template, database):
    """A database that is there already stays; one half copied is never taken for one."""
    if not database.exists():
        beside = database.with_name(database.name + ".copy")
        shutil.copyfile(template, beside)
        os.replace(beside, database)


def port_to_use(wanted):
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted))
        except OSError as e:
            raise Failure(f"port {wanted} cannot be used: {e}") from None
        return probe.getsockname()[1]


def serve(options):
    on_end_signals(raise_ended)
    watched = start_of(options.watch_pid) if options.watch_pid else None
    if options.watch_pid and watched is None:
        raise Failure(f"there is no process {options.watch_pid} to watch")

    asked_to_end = threading.Event()

    def needed():
        if asked_to_end.is_set():
            return False
        return not options.watch_pid or start_of(options.watch_pid) == watched

    state_file = Path(options.state_file) if options.state_file else None
    try:
        install()
        server = Server(options)
        server.prepare()
        # From here on a signal must not come between the start of a process and knowing of it.
        on_end_signals(lambda number, frame: asked_to_end.set())
        return supervise(server, options, state_file, needed)
    except Ended:
        return 0
    finally:
        if state_file:
            state_file.unlink(missing_ok=True)


def supervise(server, options, state_file, needed):
    port = port_to_use(options.port)
    process = server.start(port)
    release = guard_group(process.pid)
    try:
        began = time.monotonic()
        while not server.healthy(port):
            if process.poll() is not None:
                raise Failure(f"mlflow server ended with {process.returncode}:\n  {server.last_lines()}")
            if time.monotonic() - began > START_TIMEOUT:
                raise Failure(f"mlflow server does not answer:\n  {server.last_lines()}")
            if not needed():
                return 0
            time.sleep(0.1)
        state = server.state(port, process)
        if state_file:
            write_atomically(state_file, json.dumps(state, indent=2) + "\n", mode=0o600)
        say(f"MLflow {VERSION} serves {state['url']} after {time.monotonic() - began:.1f} s")
        while needed():
            if process.poll() is not None:
                raise Failure(f"mlflow server ended with {process.returncode}")
            time.sleep(WATCH_INTERVAL)
        return 0
    finally:
        end_group(process)
        release()


def on_end_signals(handler):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, handler)


def raise_ended(number, frame):
    raise Ended


def arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("install", help="install MLflow into the cache, unless it is there")
    serving = commands.add_parser("serve", help="run a server until SIGTERM, SIGINT or the end of a process")
    serving.add_argument("--dir", required=True, help="holds the database, the artifacts and the log")
    serving.add_argument("--port", type=int, default=0, help="0, the default: a free one")
    serving.add_argument("--watch-pid", type=int, help="end when this process ends")
    serving.add_argument("--state-file", help="write url, pids, CA and credentials here once it answers")
    serving.add_argument("--workers", type=int, default=1)
    serving.add_argument("--basic-auth", action="store_true", help="MLflow's own basic-auth app")
    serving.add_argument("--tls", action="store_true", help="https, with a CA made for this server")
    serving.add_argument("--backend-store-uri", help="another store than a SQLite file in DIR")
    return parser.parse_args()


def main():
    if sys.version_info < (3, 10):
        raise Failure(f"MLflow {VERSION} needs Python 3.10 or later; this is {sys.version.split()[0]}")
    options = arguments()
    if options.command == "install":
        install()
        return 0
    return serve(options)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failure as e:
        say(f"error: {e}")
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
