"""The named checks of `verify` and `unpack`, in the reading order of `docs/format.md`.

Each says where it is, as `removal` finds it, and which tests must fail once it is gone. A check
that only keeps a reader from running on for ever is noticed by that: `hangs`.
"""

from __future__ import annotations

from dataclasses import dataclass

HISTORY = "tests/attack/test_history.py::"
FORGERY = "tests/attack/test_forgery.py::"
SERIES = f"{FORGERY}TestWithTheSendersKeys::"
OTHERS = f"{FORGERY}TestWithoutTheSendersKeys::"
PARCEL = "tests/unit/test_parcel.py::"
LAYOUT = "tests/unit/test_outside.py::TestTheLayout::"
NAMES = "tests/unit/test_layout.py::test_only_the_known_names_in_the_one_order_are_a_bundle"
LIMITS = "tests/unit/test_outside.py::TestEnvelopes::test_what_is_beyond_it_is_not"
COMMENT = "tests/unit/test_outside.py::TestComments::"
STATEMENTS = "tests/unit/test_statements.py::"
CARDS = f"{STATEMENTS}TestCards::"
DOCUMENTS = f"{STATEMENTS}TestSignedDocuments::test_anything_else_is_refused"
JSON = f"{STATEMENTS}TestCanonicalJson::"
UNPACKING = "tests/unit/test_unpacking.py::"
FILE = f"{PARCEL}TestTheFile::"
NO_END = f"{LAYOUT}test_an_end_that_is_none_is_refused"
NO_ENTRY = f"{LAYOUT}test_entries_that_are_none_are_refused"
NO_CARD = f"{CARDS}test_what_a_card_can_not_say_is_refused_although_it_is_signed"
NO_BUNDLE = f"{FILE}test_a_link_a_folder_and_a_short_file_are_named_as_what_they_are"


def vector(name: str) -> str:
    """A bundle of the published vectors."""
    return f"tests/vectors/test_bundles.py::test_a_bundle[{name}]"


def card(name: str) -> str:
    """A card of the published vectors."""
    return f"tests/vectors/test_bundles.py::test_a_card[{name}]"


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes:
        step: of the reading order, or "card" and the like for what a step rests on.
        name: what it is that holds.
        module, piece, within: where it is; see `removal`.
        tests: which must fail without it.
        hangs: without it, a reader runs on for ever.
    """

    step: str
    name: str
    module: str
    piece: str
    tests: str
    within: str = ""
    hangs: bool = False


FIRST = (
    Check("1", "a regular file", "bundle.file", "not stat.S_ISREG(status.st_mode)", NO_BUNDLE),
    Check("1", "long enough", "bundle.file", "self.signed_bytes < END_BYTES", vector("file-short")),
    Check("1", "no link", "bundle.file", "path.is_symlink()", NO_BUNDLE),
    Check(
        "1",
        "it can be opened",
        "bundle.file",
        "except OSError as error: if path.is_symlink()",
        f"{FILE}test_a_file_that_is_missing_is_called_that",
    ),
    Check(
        "1",
        "an end record and an announced comment, at their place",
        "bundle.reader",
        "raise BundleFormatError('The file is not a bundle, or it has been cut",
        f"{PARCEL}TestTheOutside::test_a_file_that_is_no_bundle_is_called_that",
    ),
    Check(
        "1",
        "the drive can be read",
        "bundle.file",
        "except OSError as error: raise OutputError",
        f"{FILE}test_a_drive_that_can_not_be_read_is_called_that",
    ),
    Check(
        "1",
        "the file does not become shorter",
        "bundle.file",
        "not part",
        f"{FORGERY}TestAFileThatChangesUnderTheReader::test_a_file_that_shrinks_is_refused",
        hangs=True,
    ),
    Check(
        "2",
        "the comment's title",
        "bundle.comment",
        "title != _TITLE",
        f"{COMMENT}test_each_line_is_held_to_its_form[0]",
    ),
    Check(
        "2",
        "the comment's hashes are hashes",
        "bundle.comment",
        "not all((is_fingerprint(text) for text in hashes))",
        vector("comment-short-digest"),
    ),
    Check(
        "2",
        "the comment can be decoded",
        "bundle.comment",
        "except ValueError",
        vector("comment-spare-bits"),
    ),
    Check(
        "2",
        "every byte of the comment (M35)",
        "bundle.comment",
        "comment.encode() != data",
        vector("comment-second-end"),
    ),
    Check(
        "2",
        "both signatures have their length",
        "crypto.signing",
        "len(self.ml_dsa_65) != ML_DSA_65_BYTES",
        "tests/unit/test_crypto.py::TestSignatures::test_a_missing_or_odd_half_is_no_signature",
    ),
    Check(
        "2",
        "the Ed25519 signature has its length",
        "crypto.signing",
        "len(self.ed25519) != ED25519_BYTES",
        "tests/unit/test_crypto.py::TestSignatures::test_a_missing_or_odd_half_is_no_signature",
    ),
    Check("2", "the sender is known", "bundle.reader", "sender is None", vector("stranger")),
    Check(
        "3",
        "the digest is the signed one",
        "bundle.reader",
        "file.hash_all(reporter.advance) != comment.claimed.bundle_sha256",
        vector("altered-read-me"),
    ),
    Check(
        "3",
        "the signatures are looked at",
        "bundle.reader",
        "comment.verified(sender.keys)",
        f"{OTHERS}test_one_of_the_two_signatures_is_another_persons",
    ),
    Check(
        "3",
        "the Ed25519 signature",
        "crypto.signing",
        "except InvalidSignature: raise SignatureInvalidError('The Ed25519",
        f"{OTHERS}test_one_of_the_two_signatures_is_another_persons[ed25519]",
    ),
    Check(
        "3",
        "the ML-DSA-65 signature",
        "crypto.signing",
        "except InvalidSignature: raise SignatureInvalidError('The ML-DSA-65",
        f"{OTHERS}test_one_of_the_two_signatures_is_another_persons[ml_dsa_65]",
    ),
    Check(
        "3",
        "every block is still the one that was hashed",
        "bundle.file",
        "hashlib.sha256(block).digest() != self._hashes[number]",
        f"{FORGERY}TestAFileThatChangesUnderTheReader::"
        "test_every_block_is_checked_again_when_it_is_read",
    ),
    Check(
        "3",
        "no byte before the file",
        "bundle.file",
        "offset < 0",
        f"{FILE}test_bytes_outside_of_it_are_never_read[-1-2]",
        hangs=True,
    ),
    Check(
        "3",
        "no byte behind what was signed",
        "bundle.file",
        "offset < 0 or n_bytes < 0 or offset + n_bytes > self.signed_bytes",
        f"{FILE}test_bytes_outside_of_it_are_never_read[2098152-1]",
        hangs=True,
    ),
    Check(
        "3",
        "no place before the start of the view",
        "bundle.file",
        "base + offset < 0",
        f"{PARCEL}TestTheView",
    ),
)

LAYOUT_CHECKS = (
    Check("4", "the end record is whole", "bundle.layout", "len(tail) < END_BYTES", NO_END),
    Check("4", "the end record's mark", "bundle.layout", "magic != b'PK\\x05\\x06'", NO_END),
    Check(
        "4", "the end record's comment length", "bundle.layout", "comment != COMMENT_BYTES", NO_END
    ),
    Check("4", "the wide end record is whole", "bundle.layout", "len(wide) != _END64.size", NO_END),
    Check(
        "4",
        "the wide end record's mark",
        "bundle.layout",
        "not wide.startswith(b'PK\\x06\\x06')",
        NO_END,
    ),
    Check(
        "4",
        "the directory lies in the file",
        "bundle.layout",
        "not 0 < offset < tail_offset + len(tail)",
        NO_END,
    ),
    Check(
        "4",
        "the directory's size is bounded",
        "bundle.reader",
        "end - directory_offset > layout.MAX_DIRECTORY_BYTES",
        f"{PARCEL}TestTheOutside::test_a_directory_that_begins_far_ahead_is_not_read",
    ),
    Check("4", "a wide entry's extra is of ZIP64", "bundle.layout", "kind != 1", NO_ENTRY),
    Check("4", "and of its size", "bundle.layout", "size not in (8, 16, 24)", NO_ENTRY),
    Check(
        "4", "and in the directory", "bundle.layout", "start + 4 + size > len(entries)", NO_ENTRY
    ),
    Check(
        "4",
        "the directory has an entry",
        "bundle.layout",
        "offset < 0",
        NO_ENTRY,
        within="last_member_offset",
    ),
    Check(
        "4",
        "the envelope lies where it can",
        "bundle.reader",
        "not 0 <= found.content_bytes <= MAX_ENVELOPE_BYTES",
        f"{PARCEL}TestTheOutside::test_an_envelope_that_lies_elsewhere_or_is_too_large_is_not_read",
    ),
    Check(
        "4",
        "the envelope is the signed one",
        "bundle.reader",
        "hashlib.sha256(content).hexdigest() != claimed.envelope_sha256",
        vector("signed-other-envelope"),
    ),
    Check(
        "4",
        "the envelope is canonical JSON",
        "bundle.envelope",
        "except ValueError as error",
        vector("envelope-not-json"),
    ),
    Check(
        "4",
        "the format's version",
        "bundle.envelope",
        "isinstance(version, int) and version != FORMAT",
        vector("envelope-format-2"),
    ),
    Check(
        "4",
        "the envelope has its members (M33)",
        "bundle.envelope",
        "except (ValidationError, ValueError)",
        vector("envelope-without-expires-at"),
    ),
    Check(
        "4",
        "and no others (M33)",
        "bundle.envelope",
        "extra='forbid'",
        vector("envelope-unknown"),
    ),
    Check("4", "texts are texts", "bundle.envelope", "strict=True", LIMITS),
    Check("4", "someone to open it", "bundle.envelope", "min_length=1", LIMITS),
    Check("4", "at most 100 recipients", "bundle.envelope", "max_length=MAX_RECIPIENTS", LIMITS),
    Check("4", "three members or more", "bundle.envelope", "min_length=3", LIMITS),
    Check("4", "at most 4000 members", "bundle.envelope", "max_length=MAX_MEMBERS", LIMITS),
    Check("4", "names are bounded", "bundle.envelope", "max_length=64", LIMITS),
    Check("4", "sealed passwords are bounded", "bundle.envelope", "max_length=4096", LIMITS),
    Check(
        "4",
        "the bundle's life",
        "bundle.envelope",
        "not timedelta() <= lifetime <= MAX_LIFETIME",
        vector("envelope-expiry-first"),
    ),
    Check(
        "4",
        "no recipient twice",
        "bundle.envelope",
        "len(set(fingerprints)) != len(fingerprints)",
        vector("envelope-recipient-twice"),
    ),
    Check(
        "4",
        "the envelope names the signer",
        "bundle.reader",
        "envelope.sender != claimed.sender",
        vector("other-contact-signs"),
    ),
    Check(
        "4",
        "the members' names are looked at",
        "bundle.reader",
        "layout.check_names([extent.name for extent in extents])",
        vector("name-up"),
    ),
    Check(
        "4",
        "known names in their order (M21)",
        "bundle.layout",
        "list(names) != expected",
        f"{NAMES}[names9]",
    ),
    Check("4", "a table (M21)", "bundle.layout", "not tables", f"{NAMES}[names2]"),
    Check(
        "4",
        "at most 4000 names (M21)",
        "bundle.layout",
        "len(names) > MAX_MEMBERS",
        f"{LAYOUT}test_at_most_4000_members_are_a_bundle",
    ),
    Check(
        "4",
        "the read-me's size",
        "bundle.reader",
        "not 0 <= extents[0].content_bytes <= layout.MAX_READ_ME_BYTES",
        vector("read-me-long"),
    ),
    Check(
        "4",
        "the members' places are looked at",
        "bundle.reader",
        "layout.check_contiguous([*extents, found])",
        vector("bytes-at-start"),
    ),
    Check(
        "4",
        "no gap and no overlap (M26)",
        "bundle.layout",
        "extent.offset != offset",
        vector("bytes-at-start"),
    ),
    Check(
        "4",
        "each member can hold its header",
        "bundle.layout",
        "extent.content_bytes < 0",
        f"{LAYOUT}test_members_must_follow_each_other_and_hold_something",
    ),
    Check(
        "4",
        "every byte of a local header (M26)",
        "bundle.reader",
        "file.read(extent.offset, len(header)) != header",
        vector("header-ae-1"),
    ),
    Check(
        "4",
        "every byte of a descriptor (M26)",
        "bundle.reader",
        "file.read(last, len(trailer)) != trailer",
        vector("descriptor-crc"),
    ),
    Check(
        "4",
        "every byte of the directory (M26)",
        "bundle.reader",
        "layout.directory(extents) != directory",
        vector("entry-system"),
    ),
    Check(
        "4",
        "every member is the listed one",
        "bundle.reader",
        "file.hash_range(extent.offset, extent.length) != member.sha256",
        vector("listed-sha256"),
    ),
    Check(
        "4",
        "the read-me is text",
        "bundle.reader",
        "except UnicodeDecodeError",
        vector("read-me-not-utf-8"),
    ),
    Check(
        "4",
        "a former key signed no later than it was replaced (M17)",
        "bundle.reader",
        "sender.retired_at is not None and outside.envelope.created > sender.retired_at",
        vector("former-key-later"),
    ),
)

DESK = (
    Check(
        "5",
        "the times are looked at",
        "verifying",
        "_check_times(outside.envelope, register.entries(), clock)",
        vector("expired"),
    ),
    Check(
        "5",
        "not from the future",
        "verifying",
        "envelope.created > now + CLOCK_TOLERANCE",
        vector("from-future"),
    ),
    Check(
        "5",
        "not expired by the register's time",
        "verifying",
        "clock() <= envelope.expires < now",
        f"{HISTORY}TestTime::test_a_clock_that_was_set_back_does_not_revive_it",
    ),
    Check("5", "not expired", "verifying", "envelope.expires < now", vector("expired")),
    Check(
        "5",
        "sealed to oneself",
        "verifying",
        "raise NotForThisIdentityError",
        vector("not-for-me"),
    ),
    Check(
        "5",
        "no other bundle with its id was opened",
        "verifying",
        "any((entry.details['bundle_sha256'] != claimed.bundle_sha256 for entry in seen))",
        vector("replayed-id"),
    ),
    Check(
        "5",
        "a former key's bundle is expected",
        "verifying",
        "sender is not None and sender.retired_at is not None and (not is_known) and (not older)",
        vector("former-key"),
    ),
    Check(
        "5",
        "former keys are looked at",
        "verifying",
        "_check_retired(outside, is_known=bool(notes), older=older)",
        vector("former-key"),
    ),
)

INSIDE = (
    Check(
        "6",
        "the sender was verified",
        "bundle.reader",
        "outside.sender is None",
        f"{PARCEL}TestTheOutside::test_what_nobody_vouched_for_is_not_opened",
    ),
    Check(
        "6",
        "the keys are a recipient's",
        "bundle.reader",
        "sealed is None",
        f"{PARCEL}TestTheOutside::test_other_keys_than_a_recipients_do_not_open_it",
    ),
    Check(
        "6",
        "the sealed password is text",
        "bundle.reader",
        "except ValueError",
        vector("sealed-beyond-ascii"),
    ),
    Check(
        "6",
        "it opens: this bundle, sender and recipient (M23)",
        "crypto.sealing",
        "except (InvalidTag, ValueError)",
        "tests/unit/test_crypto.py::TestSealing::test_only_its_recipient_opens_it_under_the_same_info",
    ),
    Check(
        "6",
        "the password's form (M25)",
        "bundle.reader",
        "not _PASSWORD.fullmatch(password)",
        vector("sealed-not-base64url"),
    ),
    Check(
        "6",
        "the commitment (M24)",
        "bundle.reader",
        "commit_password(envelope.bundle_id, password) != envelope.password_commitment",
        f"{SERIES}test_two_recipients_given_two_passwords",
    ),
    Check(
        "6",
        "no provenance",
        "bundle.reader",
        "layout.PROVENANCE in names",
        vector("provenance"),
    ),
    Check(
        "6",
        "no attachments",
        "bundle.reader",
        "any((n.startswith('attachments/') for n in names))",
        vector("attachments"),
    ),
    Check(
        "6",
        "the manifest's size",
        "bundle.reader",
        "extent.content_bytes > MAX_MANIFEST_BYTES",
        vector("large-manifest"),
    ),
    Check(
        "6",
        "the manifest can be decrypted",
        "bundle.reader",
        "except _READER_ERRORS",
        vector("content-manifest-password"),
        within="_read_manifest",
    ),
    Check(
        "6",
        "the manifest is one",
        "bundle.manifest",
        "except (ValueError, ValidationError, KeyError, TypeError, RecursionError)",
        vector("manifest-no-tables"),
    ),
    Check(
        "6",
        "numbers are numbers",
        "bundle.manifest",
        "strict=True",
        vector("manifest-text-number"),
    ),
    Check("6", "the manifest's format", "bundle.manifest", "le=1", vector("manifest-format")),
    Check(
        "6",
        "no key twice (M32)",
        "bundle.manifest",
        "len(members) != len(pairs)",
        vector("manifest-duplicate"),
    ),
    Check(
        "6",
        "keys are looked at (M32)",
        "bundle.manifest",
        "object_pairs_hook=_unique",
        vector("manifest-duplicate"),
    ),
    Check(
        "6",
        "no NaN is looked for",
        "bundle.manifest",
        "parse_constant=_refuse",
        vector("manifest-nan"),
    ),
    Check(
        "6",
        "no NaN",
        "bundle.manifest",
        "raise ValueError(f'{name} is no JSON')",
        vector("manifest-nan"),
    ),
    Check("6", "repeated values (M30)", "bundle.manifest", "wrong", vector("manifest-id")),
    Check(
        "6",
        "it describes the tables that are there (M30)",
        "bundle.manifest",
        "[table.member for table in manifest.tables] != tables",
        vector("manifest-table-member"),
    ),
    Check(
        "6",
        "tables' names are looked at (M31)",
        "bundle.manifest",
        "_check_names((table.name for table in manifest.tables))",
        vector("manifest-name-up"),
    ),
    Check(
        "6",
        "a table's name is safe (M31)",
        "bundle.manifest",
        "not is_table_name(name)",
        vector("manifest-name-up"),
    ),
    Check(
        "6",
        "no case twins (M31)",
        "bundle.manifest",
        "name.lower() in seen",
        vector("manifest-name-case-twins"),
    ),
    Check(
        "6",
        "not older than what was opened",
        "verifying",
        "manifest.sequence < last and (not older)",
        vector("older-sequence"),
    ),
)

WRITING = (
    Check(
        "7",
        "the tables asked for",
        "unpacking",
        "unknown",
        f"{UNPACKING}test_a_table_that_is_not_there_is_named",
    ),
    Check(
        "7",
        "the folder's name is text",
        "unpacking",
        "check_path(folder)",
        f"{UNPACKING}test_a_folder_whose_name_is_not_text_is_refused",
    ),
    Check(
        "7",
        "the folder is one",
        "unpacking",
        "folder.exists() and (not folder.is_dir())",
        f"{UNPACKING}test_a_file_is_no_folder_to_unpack_to",
    ),
    Check(
        "7",
        "nothing is in the way",
        "unpacking",
        "check_target(folder / name, force=force)",
        f"{UNPACKING}test_what_is_in_the_way_is_seen_before_anything_is_recorded",
    ),
    Check(
        "7",
        "there is room",
        "unpacking",
        "check_space(folder, 0 if keep_compressed else sum((table.n_bytes for table in chosen)))",
        f"{UNPACKING}test_a_drive_without_room_is_refused_before_anything_is_recorded",
    ),
    Check(
        "7",
        "nothing else was opened since: unpack",
        "unpacking",
        "check=lambda entries: recheck(verified, entries)",
        f"{UNPACKING}test_what_was_opened_since_it_was_verified_counts[unpack_old]",
        within="unpack",
    ),
    Check(
        "7",
        "nothing else was opened since: the password",
        "unpacking",
        "check=lambda entries: recheck(verified, entries)",
        f"{UNPACKING}test_what_was_opened_since_it_was_verified_counts[release_old]",
        within="release_password",
    ),
    Check(
        "7",
        "nothing newer was opened since",
        "verifying",
        "_check_sequence(verified.manifest, entries, older=verified.older or bool(known))",
        f"{UNPACKING}test_what_was_opened_since_it_was_verified_counts[unpack_old]",
    ),
    Check(
        "7",
        "a table can be decrypted and decompressed (M29)",
        "bundle.reader",
        "except _READER_ERRORS",
        vector("content-tag"),
        within="rows",
    ),
    Check(
        "7",
        "no more than was signed comes out (M29)",
        "bundle.reader",
        "n_bytes > table.n_bytes",
        f"{PARCEL}TestTables::test_no_more_than_was_signed_comes_out",
    ),
    Check(
        "7",
        "nothing behind a table's end",
        "bundle.reader",
        "stream.read(1)",
        f"{PARCEL}TestTables::test_a_gzip_reader_that_stops_early_is_noticed",
    ),
    Check(
        "7",
        "a table's size (M29)",
        "bundle.reader",
        "n_bytes != table.n_bytes",
        vector("content-fewer-bytes"),
    ),
    Check(
        "7",
        "a table's hash (M29)",
        "bundle.reader",
        "digest.hexdigest() != table.plaintext_sha256",
        vector("content-swapped"),
    ),
    Check(
        "7",
        "a table's rows",
        "verifying",
        "counter.n_records != table.n_rows_out + 1",
        vector("content-rows"),
    ),
)

BELOW = (
    Check(
        "JSON",
        "bounded (M4)",
        "crypto.canonical",
        "len(data) > max_bytes",
        f"{JSON}test_what_it_can_say_is_read_back_at_its_size_and_not_below",
    ),
    Check(
        "JSON",
        "JSON at all",
        "crypto.canonical",
        "except (ValueError, RecursionError)",
        f"{JSON}test_deep_nesting_is_refused_and_not_a_crash",
    ),
    Check(
        "JSON",
        "canonical (M3)",
        "crypto.canonical",
        "encode_canonical(value) != data",
        vector("envelope-space"),
    ),
    Check(
        "JSON",
        "it can be written",
        "crypto.canonical",
        "except (UnicodeEncodeError, RecursionError)",
        f"{JSON}test_deep_nesting_is_refused_and_not_a_crash",
    ),
    Check(
        "JSON",
        "keys are text",
        "crypto.canonical",
        "not all((isinstance(key, str) for key in item))",
        f"{JSON}test_what_it_can_not_say_is_named",
    ),
    Check(
        "JSON",
        "no other kind of value",
        "crypto.canonical",
        "isinstance(item, bool) or not isinstance(item, str | int)",
        f"{JSON}test_what_it_can_not_say_is_named",
    ),
    Check(
        "JSON",
        "numbers are bounded",
        "crypto.canonical",
        "isinstance(item, int) and (not 0 <= item <= MAX_INTEGER)",
        f"{JSON}test_what_it_can_not_say_is_named",
    ),
    Check(
        "keys",
        "base64 has one spelling",
        "crypto.keys",
        "encode_base64(raw) != text",
        f"{STATEMENTS}test_base64_has_one_spelling",
    ),
    Check(
        "keys",
        "the four keys",
        "crypto.keys",
        "set(members) != set(sizes)",
        card("card-key-unknown"),
    ),
    Check(
        "keys",
        "each of its length (M8)",
        "crypto.keys",
        "len(decoded[name]) != size",
        f"{STATEMENTS}test_a_key_of_another_length_is_none",
    ),
    Check(
        "keys",
        "an ML-KEM key is encoded as one (M8)",
        "crypto.keys",
        "MLKEM768PublicKey.from_public_bytes(keys.ml_kem_768)",
        card("card-key-ml-kem-encoding"),
    ),
    Check(
        "document",
        "the signature is there",
        "crypto.document",
        "signature is None",
        "tests/unit/test_crypto.py::test_a_signed_document_gives_its_payload_only_to_the_right_key",
    ),
    Check(
        "document",
        "an object of two members",
        "crypto.document",
        "not isinstance(members, dict) or set(members) != {'payload', 'signatures'}",
        DOCUMENTS,
    ),
    Check(
        "document",
        "a text and a list",
        "crypto.document",
        "not isinstance(payload, str) or not isinstance(listed, list)",
        DOCUMENTS,
    ),
    Check(
        "document",
        "one or two signatures",
        "crypto.document",
        "not 1 <= len(listed) <= _MAX_SIGNATURES",
        f"{STATEMENTS}TestSignedDocuments::test_it_may_have_two_signatures_and_no_third",
    ),
    Check("document", "none twice", "crypto.document", "len(signatures) != len(listed)", DOCUMENTS),
    Check(
        "document",
        "a signature's members",
        "crypto.document",
        "not isinstance(item, dict) or set(item) != names",
        DOCUMENTS,
    ),
    Check(
        "document",
        "which are texts",
        "crypto.document",
        "not all((isinstance(value, str) for value in item.values()))",
        DOCUMENTS,
    ),
    Check(
        "card",
        "its size",
        "crypto.card",
        "len(data) > MAX_CARD_BYTES",
        f"{CARDS}test_one_that_is_too_large_is_not_looked_into",
    ),
    Check(
        "card",
        "its own signature is named (M12)",
        "crypto.card",
        "except SignatureInvalidError",
        f"{CARDS}test_a_false_signature_is_called_that",
    ),
    Check(
        "card",
        "it is one",
        "crypto.card",
        "except (ValueError, TypeError, KeyError, AttributeError)",
        NO_CARD,
    ),
    Check("card", "its members", "crypto.card", "set(members) != _MEMBERS", card("card-unknown")),
    Check(
        "card",
        "its version",
        "crypto.card",
        "members['securexfer_card'] != 1",
        card("card-version-2"),
    ),
    Check(
        "card",
        "its generation",
        "crypto.card",
        "not 1 <= generation <= MAX_GENERATION",
        card("card-generation-10001"),
    ),
    Check(
        "card",
        "a fingerprint that it follows",
        "crypto.card",
        "previous != '' and (not is_fingerprint(previous))",
        f"{CARDS}test_what_it_follows_is_a_fingerprint",
    ),
    Check(
        "card",
        "that fits its generation",
        "crypto.card",
        "(generation == 1) != (previous == '')",
        card("card-generation-2-follows-none"),
    ),
    Check(
        "card",
        "and is not its own (M15)",
        "crypto.card",
        "previous == keys.fingerprint",
        card("card-follows-itself"),
    ),
    Check("card", "its times", "crypto.card", "expires_at < created_at", card("card-expiry-first")),
    Check(
        "card",
        "no signature missing, none more (M15)",
        "crypto.card",
        "found != expected",
        card("card-needless-rotation"),
    ),
    Check(
        "card",
        "a text is one, short, and there",
        "crypto.card",
        "not isinstance(text, str) or len(text) > MAX_TEXT or (required and (not text.strip()))",
        card("card-name-long"),
    ),
    Check(
        "card",
        "nothing that repaints a terminal (M13)",
        "crypto.card",
        "any((unicodedata.category(c) in {'Cc', 'Cf', 'Cs', 'Co', 'Zl', 'Zp'} for c in text))",
        card("card-name-right-to-left"),
    ),
    Check(
        "card",
        "it follows those keys (M15)",
        "crypto.card",
        "self.previous_fingerprint != former.fingerprint",
        f"{CARDS}test_a_card_that_follows_another_key_is_called_that",
    ),
)

CHECKS = (*FIRST, *LAYOUT_CHECKS, *DESK, *INSIDE, *WRITING, *BELOW)

# Every `raise` of these modules belongs to a check, or is listed with the reason why it does not.
MODULES = tuple(dict.fromkeys(check.module for check in CHECKS))
NO_CHECK = {
    ("bundle.file", "raise"): "closes what it opened and passes the error on",
    ("unpacking", "raise"): "tidies up and passes the error on",
}
