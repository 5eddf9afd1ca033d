# SPDX-License-Identifier: GPL-2.0-or-later
"""Takes a bzImage apart and packs its kernel again with another compression.

Offsets in the setup header are from Documentation/x86/boot.rst of Linux: setup_sects 0x1f1, syssize 0x1f4 (in 16
bytes), "HdrS" 0x202, payload_offset 0x248 (from the protected-mode code) and payload_length 0x24c.  The payload of all
formats ends with the size of the unpacked kernel, which gzip has in its own trailer.
"""

import struct
import subprocess

MAGIC = {b"\x1f\x8b": "gzip", b"\xfd7": "xz", b"\x02!": "lz4", b"(\xb5": "zstd"}
UNPACK = {"gzip": ["gzip", "-dc"], "xz": ["xz", "-dc", "--single-stream"], "lz4": ["lz4", "-dc"],
          "zstd": ["zstd", "-dc"]}
PACK = {"gzip": ["gzip", "-nc6"], "xz": ["xz", "--check=crc32", "--x86", "--lzma2=dict=32MiB,preset=1", "-c"],
        "lz4": ["lz4", "-l", "-c1"], "zstd": ["zstd", "-3", "-c", "--no-check"]}


def _filter(command, data):
    result = subprocess.run(command, input=data, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    return result.stdout


class BzImage:
    def __init__(self, path):
        with open(path, "rb") as f:
            self.image = bytearray(f.read())
        if self.image[0x202:0x206] != b"HdrS":
            raise ValueError(f"{path} is no bzImage")
        self.code = (self.image[0x1f1] + 1) * 512
        offset, length = struct.unpack_from("<II", self.image, 0x248)
        self.payload_start = self.code + offset
        self.payload_end = self.payload_start + length
        self.payload = bytes(self.image[self.payload_start:self.payload_end])

    def compression(self):
        return MAGIC[self.payload[:2]]

    def vmlinux(self):
        """The ELF inside."""
        return _filter(UNPACK[self.compression()], self.payload)

    def with_payload(self, payload):
        """This image with another payload and nothing behind it."""
        image = self.image[:self.payload_start] + payload
        image += bytes(-len(image) % 16)
        struct.pack_into("<I", image, 0x24c, len(payload))
        struct.pack_into("<I", image, 0x1f4, (len(image) - self.code) // 16)
        return bytes(image)

    def repacked(self, compression, vmlinux=None):
        vmlinux = vmlinux or self.vmlinux()
        payload = _filter(PACK[compression], vmlinux)
        if compression != "gzip":
            payload += struct.pack("<I", len(vmlinux))
        return self.with_payload(payload)
