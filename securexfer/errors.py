"""Every way securexfer can fail, as one tree.

The exit code, the slug and the default next step live on the class, so that the command line,
the JSON output and `docs/errors.md` can't drift apart. Errors carry facts (names, counts, lines,
fingerprints) and never a cell value or a secret.
"""

from __future__ import annotations

from collections.abc import Sequence


class SecurexferError(Exception):
    """Root of the tree.

    Attributes:
        code: stable slug for scripts.
        exit_code: process exit status; one family, one number.
        hint: what to do next, one sentence.
        problems: every one found, each as "path in the recipe: what is wrong", where there are
            several.
    """

    code = "internal"
    exit_code = 1
    hint = "This is a bug in securexfer: please report the command and this message."

    def __init__(
        self, message: str, *, problems: Sequence[str] = (), hint: str | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)
        if hint is not None:
            self.hint = hint


class InternalError(SecurexferError):
    """Something failed that securexfer did not foresee."""


class UsageError(SecurexferError):
    """The command line asks for something that can't be done."""

    code = "usage"
    exit_code = 2
    hint = "See the command's --help."


class ConfigError(UsageError):
    """A configuration file, or a variable in its place, says what it can't."""

    code = "config_invalid"
    hint = "Correct it, or remove it; docs/configuration.md describes every setting."


class ConfigExposedError(ConfigError):
    """Somebody else could have written a configuration file."""

    code = "config_exposed"
    hint = "Look at what it says. If it is yours, run chmod go-w on it; else remove it."


# -- 10: the recipe -----------------------------------------------------------------------------


class RecipeError(SecurexferError):
    """The recipe is not valid, by itself or against an extract's header."""

    code = "recipe_invalid"
    exit_code = 10
    hint = "Correct the recipe; docs/recipe.md describes every key."


class KindUnavailableError(RecipeError):
    """Files of a kind are to be attached for which a part is needed that is not installed."""

    code = "kind_unavailable"
    hint = "Install it, or take the kind out of kinds in the recipe."


# -- 20: the extract ----------------------------------------------------------------------------


class ExtractError(SecurexferError):
    """An extract can't be used."""

    code = "extract_invalid"
    exit_code = 20
    hint = "Correct the extract at its source and run the command again; nothing has left."


class ExtractMissingError(ExtractError):
    """An extract does not exist or can't be read."""

    code = "extract_missing"
    hint = "Check the path and that you may read the file."


class HeaderError(ExtractError):
    """The first line of an extract can't serve as a header."""

    code = "header_invalid"
    hint = (
        "Give the extract one header line with unique names, and state its dialect in the recipe."
    )


class ShapeError(ExtractError):
    """A row has too few or too many fields, or a quote where none may stand."""

    code = "shape_invalid"
    hint = "Export the extract again with proper CSV quoting (RFC 4180); nothing has left."


class EncodingError(ExtractError):
    """The bytes of an extract are not in the encoding that the recipe states."""

    code = "encoding_invalid"
    hint = "State the extract's real encoding as csv.encoding in the recipe."


class RecordTooLongError(ExtractError):
    """One record is longer than the maximum; usually a quote that is never closed."""

    code = "record_too_long"
    hint = "Look for an opening quote without a closing one at that line."


class AttachmentError(ExtractError):
    """A file that is to be attached can't be."""

    code = "attachment_unusable"
    hint = "Correct the extract, the files or the recipe; docs/recipe.md says what can be attached."


class ExtractChangedError(ExtractError):
    """An extract changed while it was being read."""

    code = "extract_changed"
    hint = "Wait until the export that writes the file has finished, then run the command again."


class SourceFailedError(ExtractError):
    """A source command could not be started, or ended with another status than 0."""

    code = "source_failed"
    hint = (
        "Run the source command by hand: its messages may quote data, so they are never shown here."
    )


class SourceSpokeError(SourceFailedError):
    """A source command ended well, but wrote messages, which may be of errors."""

    code = "source_spoke"
    hint = (
        "Run the source command by hand and read its messages. If they are harmless, silence them "
        "or add --allow-source-messages."
    )


class SourceTimeoutError(ExtractError):
    """A source command took longer than it may, or closed its output and did not end."""

    code = "source_timeout"
    hint = "See what the source waits for, or give it longer with --source-timeout."


class RowCountError(ExtractError):
    """An extract has fewer or more rows than was said to be expected."""

    code = "row_count"
    hint = (
        "Look at the source: is the query complete? If the number is right, change --expect-rows-…"
    )


class ExtractEmptyError(ExtractError):
    """No extract has a row, and that is not to become a bundle."""

    code = "extract_empty"
    hint = "Look at the source. If an empty night is in order, use --on-empty skip or pack."


class TokensError(ExtractError):
    """A file of tokens holds none, or something else."""

    code = "tokens_invalid"
    hint = "Give a file with one token a line, or a CSV file and --column."


# -- 30: keys and secrets -----------------------------------------------------------------------


class KeyMaterialError(SecurexferError):
    """A key, card, contact or secret can't be used."""

    code = "key_invalid"
    exit_code = 30
    hint = "See docs/quickstart.md for how identities and contacts are set up."


class IdentityMissingError(KeyMaterialError):
    """There is no identity in this home."""

    code = "identity_missing"
    hint = 'Create one with: securexfer identity create --name "Your Name"'


class IdentityExistsError(KeyMaterialError):
    """There is an identity in this home already."""

    code = "identity_exists"
    hint = "Use it, or choose another home with --home; an identity is never overwritten."


class IdentityFileError(KeyMaterialError):
    """The identity file is damaged or not an identity file."""

    code = "identity_invalid"
    hint = "Restore the identity file from its backup."


class IdentityChangedError(KeyMaterialError):
    """Another run has changed the identity meanwhile."""

    code = "identity_changed"
    hint = "Look at it with: securexfer identity show. Then run the command again."


class BackupInvalidError(KeyMaterialError):
    """The file is no exported identity."""

    code = "backup_invalid"
    hint = "Name the file that was written by: securexfer identity export --to-file FILE"


class BackupOlderError(KeyMaterialError):
    """The exported identity is older than the one that is here."""

    code = "backup_older"
    hint = (
        "Keep the identity that is here: it has newer keys. If it was lost all the same, import "
        "the backup into a new home with --home."
    )


class PassphraseWrongError(KeyMaterialError):
    """The passphrase does not open the identity."""

    code = "passphrase_wrong"
    hint = "Check the passphrase and where it comes from (--passphrase-file comes first)."


class PassphraseMissingError(KeyMaterialError):
    """No passphrase could be had."""

    code = "passphrase_missing"
    hint = "Give it with --passphrase-file FILE or SECUREXFER_PASSPHRASE_FILE."


class PassphraseWeakError(KeyMaterialError):
    """A new passphrase is too short."""

    code = "passphrase_weak"
    hint = "Choose a longer one: four or more unrelated words are good."


class SecretFileError(KeyMaterialError):
    """A file that should hold a passphrase can't be used."""

    code = "secret_file_invalid"
    hint = "The file must be yours, readable by nobody else (chmod 600), one line of text."


class KeyringError(KeyMaterialError):
    """The keyring of the operating system can't be used."""

    code = "keyring_failed"
    hint = "Give the passphrase with --passphrase-file FILE, and mend the keyring when you can."


class KeyringAbsentError(KeyringError):
    """There is no keyring on this machine, or in this session."""

    code = "keyring_absent"
    hint = (
        "Log in to a desktop that has one (GNOME Keyring, KWallet), or use --passphrase-file FILE."
    )


class KeyringLockedError(KeyringError):
    """The keyring is locked, and nobody unlocked it."""

    code = "keyring_locked"
    hint = (
        "Unlock it: log in to the desktop, or answer its window. A job without a desktop takes "
        "--passphrase-file FILE."
    )


class KeyringBlockedError(KeyringError):
    """The keyring did not answer in time."""

    code = "keyring_blocked"
    hint = (
        "Look for a window that asks for the keyring's password, and run the command again; a job "
        "without a desktop takes --passphrase-file FILE."
    )


class KeyringNullError(KeyringError):
    """The keyring that is configured stores nothing."""

    code = "keyring_null"
    hint = (
        "Take it out of PYTHON_KEYRING_BACKEND or keyringrc.cfg (python -m keyring diagnose says "
        "where that is), or use --passphrase-file FILE."
    )


class KeyringPlaintextError(KeyringError):
    """The only keyring that there is keeps secrets in files."""

    code = "keyring_plaintext"
    hint = (
        "Use the desktop's own keyring, or --passphrase-file FILE. If it has to be this one: "
        "securexfer identity passphrase --to-keyring --insecure-keyring"
    )


class KeyringForgetfulError(KeyringError):
    """The keyring does not give back what was stored in it."""

    code = "keyring_forgetful"
    hint = "Do not rely on this keyring: use --passphrase-file FILE."


class ScopeKeyError(KeyMaterialError):
    """A colleague's scope key was imported, and can't be used."""

    code = "scope_key_unusable"
    hint = (
        "Ask your colleague to export it again and import that, or add --own-tokens for tokens "
        "that agree with nobody else's."
    )


class ScopeKeyOtherError(ScopeKeyError):
    """A colleague's scope key was imported for the same agreement, but for another scope."""

    code = "scope_key_other"
    hint = (
        "Ask your colleague for the scope key of this recipe and these recipients (scope-key "
        "export), or add --own-tokens for tokens that agree with nobody else's."
    )


class ScopeKeyAudienceError(ScopeKeyError):
    """Whoever gets the tables would have the scope key of their tokens."""

    code = "scope_key_audience"
    hint = (
        "Share scope keys with colleagues of the sender only: whoever has one can find out by "
        "trying whose a token is."
    )


class CardInvalidError(KeyMaterialError):
    """A card is damaged, altered, or not a card."""

    code = "card_invalid"
    hint = "Ask its owner for a new copy: securexfer identity card -o FILE"


class CardExpiredError(KeyMaterialError):
    """A card is past its last day of use."""

    code = "card_expired"
    hint = (
        "Ask its owner for a current card, and pin it with: securexfer contact add CARD "
        "--replaces NAME"
    )


class FingerprintMismatchError(KeyMaterialError):
    """The fingerprint given does not belong to the card."""

    code = "fingerprint_mismatch"
    hint = "Do not use this card. Read the fingerprint again with its owner, over the phone."


class FingerprintUnconfirmedError(KeyMaterialError):
    """A card was not confirmed by its fingerprint, so it was not pinned."""

    code = "fingerprint_unconfirmed"
    hint = "Read it with its owner over the phone, then give --fingerprint FP."


class ContactUnknownError(KeyMaterialError):
    """No contact of that name is pinned here."""

    code = "contact_unknown"
    hint = "List contacts with: securexfer contact list — add one with: securexfer contact add CARD"


class ContactExistsError(KeyMaterialError):
    """A contact of that name, or with that key, is pinned already."""

    code = "contact_exists"
    hint = "There is nothing to do: use it under the name that it has."


class ContactChangedError(KeyMaterialError):
    """A contact of that name is pinned with another key."""

    code = "contact_changed"
    hint = (
        "Call the person before going on. If they really rotated their key, use --replaces NAME; "
        "if they made a new identity, remove the contact and add it again."
    )


class ContactRevokedError(KeyMaterialError):
    """The key was revoked here: somebody else may have it."""

    code = "contact_revoked"
    hint = (
        "Have its owner make a new identity, confirm its fingerprint by phone, and pin its card "
        "under another name with: securexfer contact add CARD --as NAME"
    )


class RotationInvalidError(KeyMaterialError):
    """A card claims to follow a pinned key, but does not prove it."""

    code = "rotation_invalid"
    hint = "Do not use this card. Ask its owner for the card that their rotation wrote."


# -- 40 -----------------------------------------------------------------------------------------


class NotForThisIdentityError(SecurexferError):
    """The bundle is not sealed to this identity."""

    code = "not_a_recipient"
    exit_code = 40
    hint = "Ask the sender which identity it was packed for; only that one can open it."


# -- 50: not a well-formed bundle ---------------------------------------------------------------


class BundleFormatError(SecurexferError):
    """The file is not a bundle of format version 1, exactly as specified."""

    code = "bundle_malformed"
    exit_code = 50
    hint = "Do not open it with other tools. Ask the sender to send it again."


class BundleMissingError(BundleFormatError):
    """There is no bundle at that path, or it can't be read."""

    code = "bundle_missing"
    hint = "Check the path, and that the drive is plugged in."


class BundleUnsupportedError(BundleFormatError):
    """The bundle uses a part of the format that this version can't open."""

    code = "bundle_unsupported"
    hint = "Install the current version of securexfer."


class StatementFormatError(SecurexferError):
    """The file is not a receipt, certificate or extension of version 1."""

    code = "statement_malformed"
    exit_code = 50
    hint = "Check that you named the right file, then ask whoever sent it to send it again."


class StatementMissingError(StatementFormatError):
    """There is no such file, or it can't be read."""

    code = "statement_missing"
    hint = "Check the path and that you may read the file."


# -- 60: verification ---------------------------------------------------------------------------


class VerificationError(SecurexferError):
    """The bundle is well-formed, but must not be trusted."""

    code = "verification_failed"
    exit_code = 60
    hint = "Do not use it. Tell the sender, and keep the file as it is."


class BundleAlteredError(VerificationError):
    """The bytes are not those that were signed."""

    code = "bundle_altered"


class SignatureInvalidError(VerificationError):
    """A signature does not verify."""

    code = "signature_invalid"


class SenderUnknownError(VerificationError):
    """The bundle names a sender whose card is not pinned here."""

    code = "sender_unknown"
    hint = (
        "If you expect it, get the sender's card and pin it with: securexfer contact add CARD. If "
        "it should be from one of your contacts, call them first: it is not signed with the key "
        "that is pinned for them."
    )


class SenderRetiredError(VerificationError):
    """The bundle was signed with a key that its sender has replaced since."""

    code = "sender_retired"
    hint = "If you expect an old bundle from that time, repeat the command with --older."


class SenderRevokedError(VerificationError):
    """It was signed with a key that was revoked here, and was not seen before."""

    code = "sender_revoked"
    hint = (
        "Do not use it: somebody else may have signed it. Call its sender, who can send it again "
        "under a new identity."
    )


class BundleExpiredError(VerificationError):
    """The bundle is past its expiry date."""

    code = "bundle_expired"
    hint = (
        "If you still need the data, ask the sender to extend it, or for a new bundle. If not, "
        "delete it."
    )


class BundleFutureError(VerificationError):
    """The bundle was created in the future, by this machine's clock."""

    code = "bundle_from_future"
    hint = "Check this machine's clock, then ask the sender to check theirs."


class BundleReplayError(VerificationError):
    """Another bundle with the same sender and id was opened here before."""

    code = "bundle_replayed"


class BundleOlderError(VerificationError):
    """A newer bundle of the same series was opened here before."""

    code = "bundle_older"
    hint = "If the old one is really wanted, repeat the command with --older."


class PasswordMismatchError(VerificationError):
    """The sealed password can't be opened, or is not the one the sender committed to."""

    code = "password_mismatch"


class ManifestMismatchError(VerificationError):
    """The manifest contradicts the envelope."""

    code = "manifest_mismatch"


class ContentMismatchError(VerificationError):
    """What comes out of the bundle is not what its manifest says."""

    code = "content_mismatch"


class StatementAlteredError(VerificationError):
    """A sealed receipt or certificate does not open."""

    code = "statement_altered"
    hint = "Ask whoever sent it to send it again."


class StatementMismatchError(VerificationError):
    """A receipt, certificate or extension does not fit what is on record here."""

    code = "statement_mismatch"
    hint = "Nothing was recorded. Call whoever signed it."


class StatementReplayError(VerificationError):
    """A statement with the same number and another content was imported before."""

    code = "statement_replayed"
    hint = "Nothing was recorded. Call whoever signed it."


class ProvenanceError(VerificationError):
    """The record of the hands that a bundle came through is not one, or is not its own."""

    code = "provenance_invalid"
    hint = (
        "Do not use it. Tell whoever forwarded it, ask the original sender for a bundle, and keep "
        "the file as it is."
    )


class ForwarderNotRecipientError(ProvenanceError):
    """Somebody forwarded the bundle who was not a recipient of what they forwarded."""

    code = "forwarder_not_recipient"


class ForwardedChangedError(ProvenanceError):
    """What a forwarded bundle holds is not what was packed first."""

    code = "forwarded_changed"


class ForwardedLongerError(ProvenanceError):
    """A forwarded bundle is to live longer than what was forwarded."""

    code = "forwarded_longer"


class ForwardedTooOftenError(ProvenanceError):
    """The bundle went through more hands than a bundle may, or has no room for another."""

    code = "forwarded_too_often"
    hint = "Ask the original sender for a bundle of your own."


class ForwardingForbiddenError(ProvenanceError):
    """The agreement does not allow to forward the bundle."""

    code = "forwarding_forbidden"
    hint = (
        "Ask the original sender: they can pack a bundle for the colleague, or allow forwarding in "
        "the recipe."
    )


# -- 70 -----------------------------------------------------------------------------------------


class RegisterError(SecurexferError):
    """The register can't be written, or does not verify."""

    code = "register_failed"
    exit_code = 70
    hint = "Nothing was released. Check the register with: securexfer register verify"


class RegisterBusyError(RegisterError):
    """Another run holds the register for longer than this one waits."""

    code = "register_busy"
    hint = "Wait for it to end, then run the command again. Nothing was released."


class RunBusyError(RegisterError):
    """Another run of the same job is at work in this home."""

    code = "run_busy"
    hint = "Wait for it to end, or add --wait SECONDS. If it is another job, name it with --job."


class RunDiffersError(RegisterError):
    """The same run of the job was packed already, by another recipe or for other recipients."""

    code = "run_differs"
    hint = (
        "If this is another job, name it with --job. If the changed one has to be sent for that "
        "time again, give it a key of its own with --once-per."
    )


class ClockChangedError(RegisterError):
    """The clock is behind the register, so that nobody can tell which run this is."""

    code = "clock_changed"
    hint = (
        "Correct this machine's clock and run the command again. If this run is wanted all the "
        "same, give it a key of its own with --once-per."
    )


class RegisterDamagedError(RegisterError):
    """The register, or its head, is not as it was written."""

    code = "register_damaged"
    hint = (
        "Copy the whole home first, as evidence. Then put back register.jsonl and register.head, "
        "both of one backup; nothing is released until then."
    )


class RegisterContradictedError(RegisterError):
    """A head of the register that is held elsewhere does not belong to this register."""

    code = "register_contradicted"
    hint = "Keep everything as it is and tell your security officer: the register was rewritten."


# -- 80: output and carrier ---------------------------------------------------------------------


class OutputError(SecurexferError):
    """The output can't be written."""

    code = "output_failed"
    exit_code = 80
    hint = "Check the drive and the folder, then run the command again."


class OutputExistsError(OutputError):
    """Something is there already, and is never overwritten silently."""

    code = "output_exists"
    hint = "Choose another place, or add --force to replace it."


class OutputChangedError(OutputError):
    """A file is not what was written there any more."""

    code = "output_changed"
    hint = (
        "Look at it. What is a link, or has another name, lies elsewhere too: delete it there "
        "first. If it holds the bundle's data, add --force to delete it all the same."
    )


class DiskFullError(OutputError):
    """There is no room left."""

    code = "disk_full"
    hint = "Free some space or use a larger drive, then run the command again."


class FileTooLargeError(OutputError):
    """One file would be larger than the drive's file system, or this account, allows."""

    code = "file_too_large"
    hint = "Format the drive as exFAT, use another drive, or make several smaller bundles."


class LogError(OutputError):
    """The log can't be written, or is not for its owner's eyes."""

    code = "log_failed"
    hint = "Name a file of your own that others can't read or write: chmod 600 FILE"


class MediumRefusedError(OutputError):
    """Plaintext would go to a medium that is carried about, or is somebody else's."""

    code = "medium_refused"
    hint = (
        "Choose a folder on an encrypted disk of this machine. If it has to be that medium, add "
        "--allow-medium --reason TEXT; the reason is recorded."
    )


class DriveMissingError(OutputError):
    """A drive or folder that is to be checked is not there, or can't be read."""

    code = "drive_missing"
    hint = "Is the drive plugged in? Check the path and that you may read it."


class ReadBackError(OutputError):
    """The drive gave back other bytes than were written."""

    code = "read_back_failed"
    hint = "Do not use this drive. Write to another one."


# -- 90 -----------------------------------------------------------------------------------------


class GateError(SecurexferError):
    """A disclosure gate refused; nothing has left."""

    code = "gate_refused"
    exit_code = 90
    hint = "Change the recipe so that less leaves, or agree on the exception and state it there."


class DrillDueError(GateError):
    """A recipient has not completed a drill as lately as the recipe demands."""

    code = "drill_due"
    hint = "Start a drill with: securexfer drill start --to CONTACT -o FOLDER"


class DriveNotCleanError(GateError):
    """Files on a drive hold personal data, keys or passphrases in clear."""

    code = "drive_not_clean"
    hint = "Take these files off the drive, or use another one. Deleted files can be recovered."


class DriveNotJudgedError(GateError):
    """Some files on a drive could not be judged, so that nobody can say it is clean."""

    code = "drive_not_judged"
    hint = "Look at these files yourself and take them off the drive, or use another one."


# -- 130 ----------------------------------------------------------------------------------------


class StoppedError(SecurexferError):
    """Stopped by the user or by a signal; unfinished output has been removed."""

    code = "interrupted"
    exit_code = 130
    hint = "Run the command again when you are ready; nothing was left behind."
