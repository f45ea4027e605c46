import CLibbpf
import Glibc

/// A program on an interface's egress hook (clsact).
///
/// The kernel keeps it until it is detached or the interface goes.
package enum EgressFilter {
    // Ours by these two; other filters on the hook keep theirs.
    private static let handle: UInt32 = 0x51
    private static let priority: UInt32 = 0x51

    /// Attaches `program`, in the place of an earlier one of ours.
    ///
    /// - Returns: whether the hook had to be made, and so is ours to remove.
    package static func attach(_ program: BPFProgram, interface: UInt32) throws(BPFError) -> Bool {
        var hook = hook(interface)
        let status = quietly { unsafe bpf_tc_hook_create(&hook) }
        // Somebody's clsact is there already: use it.
        if status != -EEXIST { try check(status, "make the egress hook") }
        var options = options()
        options.prog_fd = program.descriptor.raw
        options.flags = UInt32(BPF_TC_F_REPLACE.rawValue)
        let isOurs = status == 0
        let result = unsafe bpf_tc_attach(&hook, &options)
        if result < 0, isOurs { _ = destroy(&hook) }
        try check(result, "attach to the egress hook")
        return isOurs
    }

    /// Takes our filter off, and then the hook if it is ours: else it is left to whoever uses it.
    package static func detach(interface: UInt32, removingHook: Bool) throws(BPFError) {
        var hook = hook(interface)
        var options = options()
        let result = quietly { unsafe bpf_tc_detach(&hook, &options) }
        // No filter of ours, no hook, or no interface any more.
        if [-ENOENT, -EINVAL, -ENODEV].contains(result) { return }
        try check(result, "detach from the egress hook")
        if removingHook { try check(destroy(&hook), "remove the egress hook") }
    }

    /// Number of the program in our place on the hook; `nil` if there is none.
    package static func program(onInterface interface: UInt32) -> UInt32? {
        var hook = hook(interface)
        var options = options()
        guard quietly({ unsafe bpf_tc_query(&hook, &options) }) == 0 else { return nil }
        return options.prog_id
    }

    private static func destroy(_ hook: inout bpf_tc_hook) -> CInt {
        // Both sides named: this removes the qdisc itself.
        hook.attach_point = bpf_tc_attach_point(BPF_TC_INGRESS.rawValue | BPF_TC_EGRESS.rawValue)
        return unsafe bpf_tc_hook_destroy(&hook)
    }

    private static func hook(_ interface: UInt32) -> bpf_tc_hook {
        var hook = bpf_tc_hook()
        hook.sz = optionsSize(through: \bpf_tc_hook.parent)
        hook.ifindex = CInt(bitPattern: interface)
        hook.attach_point = BPF_TC_EGRESS
        return hook
    }

    private static func options() -> bpf_tc_opts {
        var options = bpf_tc_opts()
        options.sz = optionsSize(through: \bpf_tc_opts.priority)
        options.handle = handle
        options.priority = priority
        return options
    }

    /// libbpf prints the kernel's netlink complaints to standard error by itself, expected ones too.
    private static func quietly(_ body: () -> CInt) -> CInt {
        let (saved, null) = (dup(STDERR_FILENO), unsafe open("/dev/null", O_WRONLY | O_CLOEXEC))
        dup2(null, STDERR_FILENO)
        defer {
            dup2(saved, STDERR_FILENO)
            close(saved)
            close(null)
        }
        return body()
    }
}
