import Glibc

/// A call into the kernel's BPF interface that failed.
package struct BPFError: Error, Hashable, Sendable, CustomStringConvertible {
    /// What was being done: "load the program", "pin the map 'flows'".
    package let operation: String
    /// The kernel's error number, positive; 524 (`ENOTSUPP`) and others unknown to the C library included.
    package let code: CInt
    /// The last telling lines of the verifier or of libbpf, if there were any.
    package let log: String?

    package init(_ operation: String, code: CInt, log: String? = nil) {
        self.operation = operation
        self.code = abs(code)
        self.log = log
    }

    package var description: String {
        var text = "cannot \(operation): \(reason)"
        if let hint { text += "; \(hint)" }
        if let log { text += "\n\(log)" }
        return text
    }

    /// What the kernel said.
    package var reason: String {
        // The C library does not know the kernel-internal number that BPF returns.
        if code == 524 { return "operation not supported (524)" }
        // Numbers of libbpf's own: the log says more than their names.
        if code >= 4000, let line = log?.split(separator: "\n").last { return String(line) }
        return unsafe String(cString: strerror(code))
    }

    /// Whether a map had no room.
    package var isFull: Bool { code == ENOSPC || code == E2BIG }

    /// The likely cause, where the number alone misleads.
    private var hint: String? {
        switch code {
        case EPERM, EACCES: "run as root, or with CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON"
        case ENODEV: "the interface is gone"
        case EBUSY: "another program holds the hook"
        case ENOMEM: "not enough kernel memory: lower flow_table.slots_per_cpu or rule_table.slots"
        case E2BIG: "the map is full, or the program too large for this kernel"
        // What a trie says of itself.
        case ENOSPC: "the map is full"
        default: nil
        }
    }
}

/// Turns libbpf's "negative error number" results into errors.
@discardableResult
package func check(_ result: CInt, _ operation: @autoclosure () -> String) throws(BPFError) -> CInt {
    guard result < 0 else { return result }
    throw BPFError(operation(), code: result, log: LibbpfLog.takeTail())
}
