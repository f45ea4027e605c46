import CLibbpf
import Glibc

/// A program on an interface's egress hook (clsact). The kernel keeps it until it is detached or the interface goes.
package struct EgressFilter: Sendable {
    private let interface: UInt32
    // Ours by these two; other filters on the hook keep theirs.
    private static let handle: UInt32 = 0x51
    private static let priority: UInt32 = 0x51

    /// Attaches `program`, in the place of an earlier one of ours.
    package init(_ program: BPFProgram, interface: UInt32) throws(BPFError) {
        self.interface = interface
        var hook = Self.hook(interface)
        let created = unsafe bpf_tc_hook_create(&hook)
        // Somebody's clsact is there already: use it.
        if created != -EEXIST { try check(created, "make the egress hook") }
        var options = Self.options()
        options.prog_fd = program.descriptor.raw
        options.flags = UInt32(BPF_TC_F_REPLACE.rawValue)
        try check(unsafe bpf_tc_attach(&hook, &options), "attach to the egress hook")
    }

    /// Takes our filter off, and leaves the hook to whoever else may use it.
    package static func detach(interface: UInt32) throws(BPFError) {
        var hook = hook(interface)
        var options = options()
        let result = unsafe bpf_tc_detach(&hook, &options)
        if result != -ENOENT, result != -EINVAL { try check(result, "detach from the egress hook") }
    }

    private static func hook(_ interface: UInt32) -> bpf_tc_hook {
        var hook = bpf_tc_hook()
        hook.sz = MemoryLayout<bpf_tc_hook>.size
        hook.ifindex = CInt(bitPattern: interface)
        hook.attach_point = BPF_TC_EGRESS
        return hook
    }

    private static func options() -> bpf_tc_opts {
        var options = bpf_tc_opts()
        options.sz = MemoryLayout<bpf_tc_opts>.size
        options.handle = handle
        options.priority = priority
        return options
    }
}
