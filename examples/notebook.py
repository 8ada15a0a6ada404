"""A notebook on a bundle, from both sides: run it, or paste its cells (each begins with `# %%`).

It makes two identities and a bundle in a throw-away folder, then reads the bundle without writing
a byte of plaintext to a disk.
"""

# %% Two people, each with a home. In earnest they are made once: securexfer identity create.
import subprocess
import sys
import tempfile
from pathlib import Path

import securexfer

EXAMPLES = Path(__file__).parent
folder = Path(tempfile.mkdtemp())
passphrases = {"ann": "four unrelated words here", "acme": "four other words there"}


def run(who: str, *arguments: str) -> None:
    """One command at somebody's desk."""
    secret = folder / f"passphrase-{who}"
    secret.touch(mode=0o600)
    secret.write_text(passphrases[who])
    command = [sys.executable, "-m", "securexfer", "--home", str(folder / who), *arguments]
    if arguments[1] != "card":
        command += ["--passphrase-file", str(secret)]
    subprocess.run([*command, "--no-input", "-q"], check=True, stdout=subprocess.DEVNULL)


for who in passphrases:
    run(who, "identity", "create", "--name", who)
    run(who, "identity", "card", "-o", str(folder / f"{who}.card"))

# %% Open the identities. In earnest, the passphrase comes from where your programs have secrets.
ann, acme = (securexfer.load_identity(folder / who, passphrases[who]) for who in passphrases)
print(ann)

# %% Each pins the other's card, after the fingerprint was read over the phone.
run("ann", "contact", "add", str(folder / "acme.card"), "--fingerprint", acme.fingerprint)
run("acme", "contact", "add", str(folder / "ann.card"), "--fingerprint", ann.fingerprint)

# %% Ann packs. The recipe says what may leave.
packed = securexfer.pack(
    {"offenders": EXAMPLES / "offenders.csv"},
    recipe=EXAMPLES / "offenders.toml",
    to=["acme"],
    output=folder,
    identity=ann,
)
print(packed.path.name, packed.n_bytes, "bytes")

# %% What anyone who finds it can see.
outside = securexfer.inspect(packed.path)
print(outside.envelope.bundle_id == packed.manifest.bundle_id, len(outside.envelope.recipients))

# %% Acme reads a table in memory. Every check of `unpack` is made before the first row is there.
with securexfer.open_bundle(packed.path, acme) as bundle:
    print(bundle.tables, bundle.verified.sender.name)
    offenders = bundle.table("offenders").frame()
print(offenders)

# %% It is a polars frame of text; say what is a number.
import polars as pl  # noqa: E402

print(offenders.select(pl.col("birth_year").cast(pl.Int32, strict=False).min()))

# %% A large table, one part at a time.
with securexfer.open_bundle(packed.path, acme) as bundle:
    n_rows = sum(batch.height for batch in bundle.table("offenders").batches())
print(n_rows, "rows")

# %% What fails says what to do next.
try:
    securexfer.open_bundle(packed.path, ann)
except securexfer.SecurexferError as error:
    print(error.code, error.exit_code, error.hint)
