import CLibbpf
import Glibc

/// What the kernel says of the machine.
package enum Machine {
    /// Number of CPUs that may ever come up: segments of per-CPU maps.
    package static func possibleCPUs() throws(BPFError) -> Int {
        Int(try check(libbpf_num_possible_cpus(), "count the CPUs"))
    }

    /// Size of a CPU's second-level cache, in bytes; `nil` where the kernel does not say.
    package static var secondLevelCache: Int? {
        for index in 0..<8 {
            let folder = "/sys/devices/system/cpu/cpu0/cache/index\(index)"
            guard line(of: "\(folder)/level") == "2", let size = line(of: "\(folder)/size"),
                size.hasSuffix("K")
            else { continue }
            return Int(size.dropLast()).map { $0 * 1024 }
        }
        return nil
    }

    private static func line(of path: String) -> String? {
        Files.text(path)?.split(separator: "\n").first.map(String.init)
    }

    /// Monotonic clock that the data plane's times are on, in nanoseconds.
    package static func monotonicNanoseconds() -> UInt64 { read(CLOCK_MONOTONIC) }

    /// Nanoseconds since the machine started, asleep or not, which nobody can set.
    package static func uptimeNanoseconds() -> UInt64 { read(CLOCK_BOOTTIME) }

    /// By how much the coarse clock steps, in nanoseconds: a tick of the kernel.
    package static var coarseClockStep: Int {
        var step = timespec()
        unsafe clock_getres(CLOCK_MONOTONIC_COARSE, &step)
        return step.tv_sec * 1_000_000_000 + step.tv_nsec
    }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        unsafe clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// Waits until every program that started before this call has ended: an RCU grace period, some milliseconds.
    ///
    /// The caller gives up its CPU meanwhile.
    package static func waitForRunningPrograms() throws(BPFError) {
        guard sluice_membarrier_global() == 0 else {
            throw BPFError("use membarrier(2), which kernels booted with nohz_full refuse", code: errno)
        }
    }

    /// Whether `path` lies on a BPF file system.
    package static func isBPFFileSystem(_ path: String) -> Bool {
        var info = CLibbpf.statfs()
        return unsafe statfs(path, &info) == 0 && UInt32(truncatingIfNeeded: info.f_type) == 0xCAFE_4A11
    }

    /// Mounts a BPF file system at `path`.
    package static func mountBPFFileSystem(at path: String) throws(BPFError) {
        guard unsafe mount("bpf", path, "bpf", 0, "mode=0700") == 0 else {
            throw BPFError("mount a BPF file system at \(path)", code: errno)
        }
    }
}
