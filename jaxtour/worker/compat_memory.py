"""Reads what the compiler says about a compiled call's memory, which is not part of JAX's public API."""

from typing import Any


def buffer_assignment(compiled: Any) -> bytes | None:
    """Return XLA's serialised `BufferAssignmentProto`; None where the backend has none."""
    try:
        found = compiled.memory_analysis().serialized_buffer_assignment_proto
    except Exception:  # backends without it raise different exceptions
        return None
    return bytes(found) if found else None


def module_proto(compiled: Any) -> bytes | None:
    """Return the serialised `HloModuleProto` with its schedule; None where the backend has none."""
    try:
        return bytes(compiled.runtime_executable().hlo_modules()[0].as_serialized_hlo_module_proto())
    except Exception:  # as in buffer_assignment
        return None


def memory_limit(device: Any) -> int | None:
    """Return the bytes that a device lends to programs; None where it does not say, as on the CPU."""
    try:
        return int(device.memory_stats()["bytes_limit"])
    except Exception:  # None, an unsupported call, or no such figure
        return None


def devices_of(compiled: Any) -> list[Any]:
    """Return the devices that a compiled call runs on; empty where the backend does not say."""
    try:
        return list(compiled.runtime_executable().local_devices())
    except Exception:  # as in buffer_assignment
        return []
