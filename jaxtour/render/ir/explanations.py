"""Explains each verdict on a timing, and what to do about it."""

_TEXTS = {
    "zero_args": (
        "XLA may compute everything that depends only on constants at compile time. A call without array arguments "
        "may be entirely constant, and then the timing only measures returning a stored result. Pass the data as an "
        "argument."
    ),
    "folded": (
        "The compiled program contains almost no work: the compiler computed the result at compile time, because "
        "everything that it depends on was known. Pass the data as arguments to prevent that."
    ),
    "captured_constants": (
        "A function that uses an array from an enclosing scope has that array built in as a constant. This slows "
        "compilation, doubles the memory, and lets the compiler compute with the array ahead of time. Pass it as an "
        "argument."
    ),
    "nothing_computed": (
        "The compiled program only returns its inputs or constants: the compiler removed all computation whose result "
        "is not used. Return what you want to time."
    ),
    "kept_result": (
        "The function caches its result (a dictionary, functools.cache, a global) and returns it again. The timing "
        "measures the lookup; only the first call computed. Time the uncached function."
    ),
    "donated_input": (
        "A donated argument (donate_argnums) gives its memory to the result, and the call deletes it. It can be "
        "passed only once, so each timed call gets a fresh copy; the time does not include making that copy. Your own "
        "array is untouched."
    ),
    "retraced": (
        "JAX traces and compiles once for each function and each kind of input. Here it did so during the timed "
        "calls: either each call creates a new function (a lambda, a partial, jit inside a function), or the inputs "
        "change. Create the jitted function once, outside."
    ),
    "host_input": (
        "The argument is a NumPy array in host memory. Each call first copies it to the device, and the time includes "
        "that copy. Move it once with jax.device_put, and time the copy separately if it matters."
    ),
    "implicit_transfer": (
        "Somewhere in the function a NumPy array meets JAX arrays, so each call copies it to the device. Convert it "
        "to a JAX array once, outside the timed call."
    ),
    "float64_input": (
        "JAX computes in 32 bits unless jax_enable_x64 is set: it silently converted the float64 input to float32. "
        "Compared with NumPy in float64, it moves half the bytes and has half the digits."
    ),
    "float64_against_float32": (
        "The two calls do not compute the same thing: NumPy defaults to float64, JAX to float32. Half the bytes and "
        "twice as many numbers in a vector register account for a factor of about two. Give NumPy float32."
    ),
    "no_array_result": (
        "JAX returns before the result is ready, and a timing waits for the arrays that the call returns. This call "
        "returns none: either it fetched the value to Python (float(), .item(), print), and the time includes that, "
        "or work continues that the timing does not wait for. Return the array."
    ),
    "dispatch_bound": (
        "Python hands every operation to the device, which takes microseconds whatever its size. This call computes "
        "so little that the timing measures mostly that. Use larger inputs, or do more in one jitted call."
    ),
    "python_bound": (
        "Most of the time passes in Python: it runs the function's code in every call and hands over the operations "
        "one by one, and the device waits. Under jax.jit Python runs it once, to trace it. A library's jit, such as "
        "flax's nnx.jit or equinox's filter_jit, still takes its arguments apart in every call: take them apart once, "
        "and pass the arrays to jax.jit."
    ),
    "loop_counted_once": (
        "The compiler does not know how often a while loop runs, and counts its body once. The operations and bytes "
        "are those of a single iteration, so the achieved speed is higher by an unknown factor."
    ),
    "simulated_devices": (
        "XLA made these devices by dividing one CPU. They show what a program does on several devices, but they share "
        "cores and memory: a program does not get faster on more of them, and often gets slower."
    ),
    "worker_busy": (
        "Threads of the worker were computing before the clock started: either a thread that the step started, or "
        "work that JAX still does after a call returned. They compete with the timed call. Let the step wait until "
        "they finish."
    ),
    "machine_busy": (
        "Other programs ran on this machine during the measurement, and took cores and memory bandwidth. In that case "
        "the best run says more than the median. Measure again when they finish."
    ),
    "noisy": (
        "The runs vary so much that the error of the median may exceed the differences of interest. Look at the "
        "distribution: two humps are two states of the machine. Measure again, with more patience."
    ),
    "fetched_once": (
        "An array keeps the copy that was fetched to the host, so fetching it again costs nothing. Only the first "
        "call moved bytes; look at that one."
    ),
}


def explanation(code: str) -> str | None:
    """Return a paragraph on a verdict; None for an unknown code."""
    return _TEXTS.get(code.lower().replace("-", "_"))
