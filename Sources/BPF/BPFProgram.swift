import CLibbpf
import Glibc

/// A loaded BPF program.
package final class BPFProgram: Sendable {
    package let name: String
    package let descriptor: Descriptor

    init(name: String, descriptor: Descriptor) {
        self.name = name
        self.descriptor = descriptor
    }

    /// Opens a program pinned at `path`.
    package convenience init(name: String, pinnedAt path: String) throws(BPFError) {
        let raw = try check(unsafe bpf_obj_get(path), "open the pinned program \(path)")
        self.init(name: name, descriptor: Descriptor(owning: raw))
    }

    /// Opens the program with number `id`, which takes CAP_SYS_ADMIN.
    package convenience init(id: UInt32) throws(BPFError) {
        let raw = try check(bpf_prog_get_fd_by_id(id), "open the program with number \(id)")
        self.init(name: "\(id)", descriptor: Descriptor(owning: raw))
    }

    /// What the kernel says of it.
    package var info: ProgramInfo? { ProgramInfo(descriptor) }

    /// Whether it is an XDP program; what is pinned may be another program, or a map.
    package var isXDP: Bool {
        let lines = Files.text("/proc/self/fdinfo/\(descriptor.raw)")?.split(separator: "\n") ?? []
        return lines.contains("prog_type:\t\(BPF_PROG_TYPE_XDP.rawValue)")
    }

    /// Gives it a name under a BPF file system, by which it outlives the process.
    package func pin(at path: String) throws(BPFError) {
        try check(unsafe bpf_obj_pin(descriptor.raw, path), "pin the program '\(name)' at \(path)")
    }

    /// What a test run gave back.
    package struct TestResult: Hashable, Sendable {
        /// The program's return value: an XDP action.
        package let action: UInt32
        /// Mean time of a run, in nanoseconds.
        package let duration: UInt32
        /// The packet as the program left it.
        package let packet: [UInt8]
    }

    /// Runs the program on `packet`, without an interface.
    ///
    /// A call with `times` above 1 waits about 16 ms besides.
    package func testRun(_ packet: [UInt8], times: Int32 = 1) throws(BPFError) -> TestResult {
        var options = unsafe bpf_test_run_opts()
        unsafe options.sz = optionsSize(through: \bpf_test_run_opts.cpu)
        unsafe options.repeat = times
        // A program may make a short packet longer.
        var left = [UInt8](repeating: 0, count: packet.count + 64)
        let result = unsafe packet.withUnsafeBytes { bytes in
            unsafe options.data_in = bytes.baseAddress
            unsafe options.data_size_in = UInt32(bytes.count)
            return unsafe left.withUnsafeMutableBytes { output in
                unsafe options.data_out = output.baseAddress
                unsafe options.data_size_out = UInt32(output.count)
                return unsafe bpf_prog_test_run_opts(descriptor.raw, &options)
            }
        }
        try check(result, "run the program '\(name)' on a packet of \(packet.count) bytes")
        left.removeLast(unsafe left.count - min(left.count, Int(options.data_size_out)))
        return unsafe TestResult(action: options.retval, duration: options.duration, packet: left)
    }
}
