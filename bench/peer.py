"""The programs that securexfer is measured against, and the keys that they want."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench.measure import Job

AGE = "zstd -1 -T2 | age"
GPG = "gpg -e"
ZIP = "7zz -tzip -mem=AES256"
SETT = "sett encrypt"
PLAIN = "csv + hmac | zstd | age"
_KEY_HEX = "5a" * 32
_ZIP_PASSWORD = "eleven random words would be better than this"  # noqa: S105
# sett keeps certificates in a store of its own, which only its window and its library fill.
_SETT_STORE = """\
import sys
from sett_rs.cert import CertStore, CertType, generate_cert
certificate, _ = generate_cert("Nobody <nobody@example.org>", sys.argv[1].encode())
store = CertStore()
store.import_cert(certificate, CertType.Secret)
store.import_cert(certificate, CertType.Public)
print(store.list_certs(CertType.Public)[0].fingerprint)
"""
# Nothing is asked of its portal or a key server.
_SETT_CONFIG = {"gpg_key_autodownload": False, "verify_dtr": False, "verify_key_approval": False}
_PASSPHRASE = "a passphrase for measuring"  # noqa: S105


@dataclass(frozen=True)
class Peer:
    """A program.

    Attributes:
        name: as tables show it.
        programs: what must be installed.
        prepare: makes its keys in a folder, once.
        command: what is run to encrypt an extract, for bash.
        n_rounds: at most so many rounds: it takes long.
    """

    name: str
    programs: tuple[str, ...]
    prepare: Callable[[Path], None]
    command: Callable[[Path, Path, Path], str]
    n_rounds: int | None = None

    def missing(self) -> list[str]:
        """What is not installed."""
        return [name for name in self.programs if shutil.which(name) is None]

    def job(self, folder: Path, extract: Path, output: Path) -> Job:
        """Encrypt an extract."""
        self.prepare(folder)
        return Job(
            self.name,
            self.command(folder, extract, output),
            environment(folder),
            output,
            extract.stat().st_size,
            self.n_rounds,
        )


def environment(folder: Path) -> dict[str, str]:
    """Where gpg and sett keep what is theirs, and where the modules here are found."""
    own = {
        "GNUPGHOME": str(folder / "gpg"),
        "HOME": str(folder / "peers"),
        "PYTHONPATH": str(Path(__file__).parents[1]),
    }
    return {**os.environ, **own}


def age_identity(folder: Path) -> Path:
    """The age key, made when it is first asked for."""
    path = folder / "age.key"
    if not path.exists():
        _run(["age-keygen", "-o", str(path)], folder)
    return path


def _age_recipient(folder: Path) -> str:
    lines = age_identity(folder).read_text().splitlines()
    return next(line.split()[-1] for line in lines if "public key" in line)


def _prepare_age(folder: Path) -> None:
    age_identity(folder)


def _prepare_gpg(folder: Path) -> None:
    home = folder / "gpg"
    if home.exists():
        return
    home.mkdir(mode=0o700)
    quick = ["gpg", "--batch", "--quiet", "--passphrase", "", "--quick-generate-key"]
    _run([*quick, "nobody@example.org", "default", "default", "never"], folder)


def _prepare_sett(folder: Path) -> None:
    kept = folder / "sett.fingerprint"
    if kept.exists():
        return
    config = folder / "peers" / ".config" / "sett" / "config.json"
    config.parent.mkdir(parents=True, exist_ok=True)
    config.write_text(json.dumps(_SETT_CONFIG))
    program = Path(shutil.which("sett") or "").read_text().splitlines()[0]
    made = _run([program.removeprefix("#!"), "-c", _SETT_STORE, _PASSPHRASE], folder)
    kept.write_text(made.strip())


def _prepare_none(_: Path) -> None:
    """It wants no key."""


def _age(folder: Path, extract: Path, output: Path) -> str:
    return f"zstd -1 -T2 -qc {_q(extract)} | age -r {_age_recipient(folder)} -o {_q(output)}"


def _gpg(_: Path, extract: Path, output: Path) -> str:
    return (
        "gpg --batch --quiet --trust-model always -e -r nobody@example.org "
        f"-o {_q(output)} {_q(extract)}"
    )


def _zip(_: Path, extract: Path, output: Path) -> str:
    return f"7zz a -tzip -mem=AES256 -p{_q(_ZIP_PASSWORD)} -bso0 -bsp0 {_q(output)} {_q(extract)}"


def _plain(folder: Path, extract: Path, output: Path) -> str:
    return (
        f"{_q(sys.executable)} -m bench.plain {_q(extract)} {_KEY_HEX} | zstd -1 -T2 -qc "
        f"| age -r {_age_recipient(folder)} -o {_q(output)}"
    )


def _sett(folder: Path, extract: Path, output: Path) -> str:
    own = (folder / "sett.fingerprint").read_text()
    return (
        f"sett encrypt -s {own} -r {own} --purpose TEST --force --output {_q(output)} "
        f"--passphrase-cmd {_q('echo ' + _PASSPHRASE)} {_q(extract)} 2>&1"
    )


def _q(value: object) -> str:
    return shlex.quote(str(value))


def _run(command: list[str], folder: Path) -> str:
    (folder / "peers").mkdir(exist_ok=True)
    return subprocess.run(
        command, env=environment(folder), check=True, capture_output=True, text=True
    ).stdout


PEERS = (
    Peer(AGE, ("zstd", "age", "age-keygen"), _prepare_age, _age),
    Peer(SETT, ("sett",), _prepare_sett, _sett, 2),
    Peer(GPG, ("gpg",), _prepare_gpg, _gpg, 2),
    Peer(PLAIN, ("zstd", "age", "age-keygen"), _prepare_age, _plain, 2),
    Peer(ZIP, ("7zz",), _prepare_none, _zip, 1),
)
