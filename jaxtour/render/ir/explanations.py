"""What each verdict on a timing means, and what to do about it."""

_TEXTS = {
    "zero_args": (
        "XLA may compute whatever depends on constants alone while it compiles. A call that passes no arrays may be "
        "all constants, and then what is timed is handing out a stored result. Pass the data as an argument."
    ),
    "folded": (
        "The compiler was given work and the program that it made has next to none: it has computed the result while "
        "compiling, since everything that it depends on was known. Pass the data as arguments, so that it is not."
    ),
    "captured_constants": (
        "A function that uses an array from around it has the array built in as a constant: it makes compiling slow, "
        "takes memory twice, and lets the compiler compute with it ahead of time. Pass it as an argument."
    ),
    "nothing_computed": (
        "What the compiler left gives back its inputs or constants and computes nothing: a result that nobody uses is "
        "not computed. Return what you want to time."
    ),
    "kept_result": (
        "The function keeps what it has computed (a dictionary, functools.cache, a global) and hands it out again. "
        "What is timed is looking it up; the first call is the one that computed. Time the function below it."
    ),
    "donated_input": (
        "A donated argument (donate_argnums) gives its memory to the result, and is deleted by the call. So it can be "
        "passed once only: here every call gets a fresh copy, and making the copy is no part of the time. Your own "
        "array is left alone."
    ),
    "retraced": (
        "JAX traces and compiles once for each function and each kind of input. Here it did so while the calls were "
        "timed: the function is made anew in every call (a lambda, a partial, jit inside a function), or the inputs "
        "change. Make the jitted function once, outside."
    ),
    "host_input": (
        "The argument is a NumPy array, in the memory of the host. Each call copies it to the device before it "
        "computes, and that is part of the time. Put it there once with jax.device_put, and time the copy by itself if "
        "it matters."
    ),
    "implicit_transfer": (
        "Somewhere in the function a NumPy array meets JAX arrays, and is copied to the device for it in every call. "
        "Make it a JAX array once, outside of what is timed."
    ),
    "float64_input": (
        "JAX computes in 32 bits unless jax_enable_x64 is set: the float64 input was made float32 without a word. "
        "Compared with NumPy in float64 it moves half the bytes, and has half the digits."
    ),
    "float64_against_float32": (
        "The two do not compute the same: NumPy takes float64 for granted, JAX float32. Half of the bytes and twice as "
        "many numbers in a vector register are worth a factor of about two before JAX does anything. Give NumPy "
        "float32."
    ),
    "no_array_result": (
        "JAX returns before the result is there, and a timing waits for the arrays that are returned. Here there are "
        "none: either the value was fetched to Python inside (float(), .item(), print), and the time includes that, or "
        "work goes on that nobody waits for. Return the array."
    ),
    "dispatch_bound": (
        "Every operation has to be handed from Python to the device, which takes microseconds whatever its size. So "
        "little is computed here that this is what was timed. Use larger inputs, or have more done in one jitted call."
    ),
    "loop_counted_once": (
        "The compiler does not know how often a while loop goes round, and counts its body once. The operations and "
        "bytes are those of a single round: what is achieved is more, by a factor that nobody told."
    ),
    "simulated_devices": (
        "The devices were made by dividing one CPU. They show what a program does on several devices, and share the "
        "same cores and memory: a program is not faster on more of them, and often slower."
    ),
    "worker_busy": (
        "Before the clock started, threads of the worker were computing: a thread that the step started, or work that "
        "JAX still does behind a call that returned. It competes with what is timed. Let the step wait for its end."
    ),
    "machine_busy": (
        "Other programs computed on this machine while the clock ran, and took cores and memory bandwidth. The best "
        "run tells more than the median then. Measure again when they are done."
    ),
    "noisy": (
        "The runs differ so much from each other that the median may be off by more than differences that one would "
        "want to see. Look at the distribution: two humps are two states of the machine. Measure again, with patience."
    ),
    "fetched_once": (
        "An array keeps the copy that was fetched to the host, so that fetching it again costs nothing. Only the first "
        "call moved bytes: that is the one to look at."
    ),
}


def explanation(code: str) -> str | None:
    """A paragraph on a verdict; None for one that this version does not know."""
    return _TEXTS.get(code.lower().replace("-", "_"))
