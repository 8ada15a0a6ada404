"""The calls that `windows.py` makes, on Windows itself. Not yet run there."""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Sequence

if sys.platform == "win32":
    from ctypes import wintypes

    from securexfer.medium.windows import Volume

    _TEXT = 1024
    _OUTPUT_BYTES = 4096
    _SHARE_READ_WRITE = 0x00000001 | 0x00000002
    _OPEN_EXISTING = 3
    _IOCTL_STORAGE_QUERY_PROPERTY = 0x002D1400
    _INVALID_HANDLE = ctypes.c_void_p(-1).value
    _kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    _kernel.CreateFileW.restype = wintypes.HANDLE
    _kernel.CreateFileW.argtypes = (
        wintypes.LPCWSTR,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.DWORD,
        wintypes.HANDLE,
    )
    _kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    _kernel.DeviceIoControl.argtypes = (
        wintypes.HANDLE,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.LPVOID,
        wintypes.DWORD,
        wintypes.LPDWORD,
        wintypes.LPVOID,
    )

    class Win32:
        """Asks kernel32."""

        def root_of(self, path: str) -> str:
            """GetVolumePathNameW."""
            root = ctypes.create_unicode_buffer(_TEXT)
            _check(_kernel.GetVolumePathNameW(path, root, _TEXT))
            return root.value

        def drive_type(self, root: str) -> int:
            """GetDriveTypeW."""
            kind: int = _kernel.GetDriveTypeW(root)
            return kind

        def volume(self, root: str) -> Volume:
            """GetVolumeInformationW."""
            label, name = ctypes.create_unicode_buffer(_TEXT), ctypes.create_unicode_buffer(_TEXT)
            number, longest, flags = wintypes.DWORD(), wintypes.DWORD(), wintypes.DWORD()
            _check(
                _kernel.GetVolumeInformationW(
                    root,
                    label,
                    _TEXT,
                    ctypes.byref(number),
                    ctypes.byref(longest),
                    ctypes.byref(flags),
                    name,
                    _TEXT,
                )
            )
            return Volume(label.value, number.value, name.value)

        def descriptor(self, root: str) -> bytes:
            """IOCTL_STORAGE_QUERY_PROPERTY, of a volume opened for no access but questions."""
            name = ctypes.create_unicode_buffer(_TEXT)
            _check(_kernel.GetVolumeNameForVolumeMountPointW(root, name, _TEXT))
            volume = _kernel.CreateFileW(
                name.value.rstrip("\\"), 0, _SHARE_READ_WRITE, None, _OPEN_EXISTING, 0, None
            )
            _check(volume not in (None, _INVALID_HANDLE))
            try:
                query = (ctypes.c_uint32 * 3)()  # StorageDeviceProperty, PropertyStandardQuery
                output = ctypes.create_string_buffer(_OUTPUT_BYTES)
                n_bytes = wintypes.DWORD()
                _check(
                    _kernel.DeviceIoControl(
                        volume,
                        _IOCTL_STORAGE_QUERY_PROPERTY,
                        ctypes.byref(query),
                        ctypes.sizeof(query),
                        output,
                        _OUTPUT_BYTES,
                        ctypes.byref(n_bytes),
                        None,
                    )
                )
                return output.raw[: n_bytes.value]
            finally:
                _kernel.CloseHandle(volume)

        def roots(self) -> Sequence[str]:
            """GetLogicalDriveStringsW."""
            text = ctypes.create_unicode_buffer(_TEXT)
            length = _kernel.GetLogicalDriveStringsW(_TEXT - 1, text)
            _check(length)
            return [root for root in "".join(text[:length]).split("\0") if root]

    def _check(succeeded: object) -> None:
        if not succeeded:
            raise ctypes.WinError(ctypes.get_last_error())
