import Glibc
import TestSupport
import Testing

/// Everything that loads BPF programs: one test after the other, since they share two CPUs, the BPF file system and, some
/// of them, their thread's network namespace.
@Suite(
    "The data plane in the kernel", .serialized, .leavesNothingBehind,
    .enabled(if: geteuid() == 0, "loading BPF programs needs root"))
enum Kernel {}
