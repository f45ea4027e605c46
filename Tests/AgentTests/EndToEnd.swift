import Glibc
import TestSupport
import Testing

/// The built agent on real interfaces, in namespaces of its own: one test after the other, since they share two CPUs.
@Suite(
    "The agent, end to end", .serialized, .timeLimit(.minutes(3)), .leavesNothingBehind,
    .enabled(if: geteuid() == 0, "network namespaces and BPF need root"))
enum EndToEnd {}
