"""What it means when an option of the kernel is missing, for several distributions."""

CPU_LIMITS = "CPU limits of pods have no effect"
HUGE = "pods can't have huge pages"
IO = "what pods read and write is neither counted nor limited"


def words(text: str) -> tuple[str, ...]:
    return tuple(text.split())
