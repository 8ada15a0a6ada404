"""The course of a bundle: what happened to it, from the entries of one register, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from securexfer.custody.entry import Entry
from securexfer.custody.foreign import count_in, text_in, texts_in
from securexfer.instant import format_instant
from securexfer.wording import plural

# What is told of an entry, by its kind, and which of its members names the other side.
_TOLD = {
    "packed": ("packed for {}", "recipients"),
    "forwarded": ("forwarded to {}", "recipients"),
    "pack-failed": ("packing was undone: it never left", ""),
    "forward-failed": ("forwarding was undone: it never left", ""),
    "extended": ("may be kept for longer", ""),
    "extend-failed": ("that was undone: nobody was given the extension", ""),
    "extension-imported": ("{} lets it be kept for longer", "sender"),
    "receipt-imported": ("opened by {}, who signed a receipt", "recipient"),
    "certificate-imported": ("destroyed by {}, who signed a certificate", "recipient"),
    "unpacked": ("verified and unpacked here", ""),
    "unpack-failed": ("unpacking was undone", ""),
    "unpack-refused": ("opening it was refused here", ""),
    "password-released": ("its password was released here, for other programs", ""),
    "opened": ("a program here read it into memory", ""),
    "destroyed": ("what was unpacked here was deleted", ""),
    "destroy-failed": ("not all that was unpacked here could be deleted", ""),
    "breach-reported": ("a breach report was made about it", ""),
}
# When it happened, where that is not when it was recorded.
_MOMENTS = {"receipt-imported": "opened_at", "certificate-imported": "destroyed_at"}


@dataclass(frozen=True)
class Event:
    """Something that happened: when, what in words, and under which number it is on record."""

    at: str
    what: str
    number: int


def tell_course(
    entries: Sequence[Entry], bundle_id: str, sha256: str, name_of: Callable[[str], str]
) -> Iterator[Event]:
    """What happened to a bundle, in the order of the register.

    Args:
        entries: of the register.
        bundle_id, sha256: which bundle. Another one may have been given the same id.
        name_of: the local name of a fingerprint.
    """
    for entry in entries:
        details = entry.details
        if entry.event not in _TOLD or not bundle_id:
            continue
        listed = entry.event == "breach-reported" and bundle_id in texts_in(
            details.get("bundle_ids")
        )
        same = details.get("bundle_id") == bundle_id
        is_about = same and details.get("bundle_sha256", sha256) == sha256
        is_passed_on = entry.event == "forwarded" and (
            (details.get("previous_bundle_id"), details.get("previous_bundle_sha256"))
            == (bundle_id, sha256)
        )
        if not (listed or is_about or is_passed_on):
            continue
        words, member = _TOLD[entry.event]
        if is_passed_on:
            words = f"passed on to {{}}, sealed anew as bundle {text_in(details.get('bundle_id'))}"
        whom = texts_in(details.get("recipient_names")) if member == "recipients" else []
        whom = whom or [name_of(text_in(details.get(member)))]
        what = words.format(", ".join(whom))
        if entry.event in ("extended", "extension-imported"):
            what += f", until {text_in(details.get('expires_at'))[:10]}"
        if n_missing := _count_missing(entry):
            what += f"; {plural(n_missing, 'file was', 'files were')} not there to be deleted"
        moment = text_in(details.get(_MOMENTS.get(entry.event, "")))
        yield Event(moment or format_instant(entry.at), what, entry.number)


def _count_missing(entry: Entry) -> int:
    """Files that were not there any more when a bundle was destroyed, here or elsewhere."""
    details = entry.details
    if entry.event == "certificate-imported":
        return count_in(details.get("n_missing"))
    return len(texts_in(details.get("missing"))) if entry.event.startswith("destroy") else 0
