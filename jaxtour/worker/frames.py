"""Frames: a big-endian u32 length, then that many bytes of ASCII JSON."""

import json
import struct
from collections.abc import Iterator
from typing import Any

CAP = 4 * 1024 * 1024
_LENGTH = struct.Struct(">I")


class ProtocolError(Exception):
    """The bytes are not a valid frame; the message says why, in one line."""


def encode(message: dict[str, Any]) -> bytes:
    """Encode a message as a frame; raises `ProtocolError` if it exceeds the cap or is not valid JSON."""
    try:
        body = json.dumps(_speakable(message), allow_nan=False, separators=(",", ":")).encode("ascii")
    except (TypeError, ValueError, RecursionError) as error:
        raise ProtocolError(f"not JSON: {error}") from error
    if len(body) > CAP:
        raise ProtocolError(f"a frame of {len(body)} bytes exceeds the cap of {CAP}")
    return _LENGTH.pack(len(body)) + body


def _speakable(value: Any) -> Any:
    """Return the value without lone surrogates, which strict JSON readers reject."""
    if isinstance(value, str):
        return value.encode("utf-8", "replace").decode()
    if isinstance(value, dict):
        return {_speakable(key): _speakable(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_speakable(item) for item in value]
    return value


class FrameDecoder:
    """Cuts a stream of bytes into messages; raises `ProtocolError` for an invalid frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> Iterator[dict[str, Any]]:
        """Add bytes; yields every message that is complete."""
        self._buffer += data
        while len(self._buffer) >= _LENGTH.size:
            (length,) = _LENGTH.unpack_from(self._buffer)
            if length > CAP:
                raise ProtocolError(f"a frame claims {length} bytes")
            end = _LENGTH.size + length
            if len(self._buffer) < end:
                return
            body = bytes(self._buffer[_LENGTH.size : end])
            del self._buffer[:end]
            try:
                message = json.loads(body.decode("ascii"))
            except (ValueError, RecursionError) as error:
                raise ProtocolError(f"not JSON: {error}") from error
            if not isinstance(message, dict):
                raise ProtocolError("the frame is not a JSON object")
            yield message
