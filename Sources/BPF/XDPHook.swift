import CLibbpf
import Glibc

/// An interface's XDP hook, as the kernel reports it.
package enum XDPHook {
    /// What is on a hook.
    package struct Occupant: Hashable, Sendable {
        /// Number of the program.
        package let program: UInt32
        package let mode: XDPMode
    }

    /// What is on the hook of the interface with index `interface`; `nil` if nothing is.
    package static func occupant(ofInterface interface: UInt32) -> Occupant? {
        var options = bpf_xdp_query_opts()
        options.sz = optionsSize(through: \bpf_xdp_query_opts.attach_mode)
        guard unsafe bpf_xdp_query(CInt(bitPattern: interface), 0, &options) == 0 else { return nil }
        // With a program in the driver and one in the card, only these two say so.
        let programs = [options.prog_id, options.drv_prog_id, options.hw_prog_id, options.skb_prog_id]
        guard let program = programs.first(where: { $0 != 0 }) else { return nil }
        let mode: XDPMode = Int(options.attach_mode) == XDP_ATTACHED_SKB ? .generic : .native
        return Occupant(program: program, mode: mode)
    }

    /// Takes somebody else's program off the interface, however it was put there.
    ///
    /// - Returns: the program, with which `restore` can put it back.
    /// - Throws: `BPFError`; then the hook is as it was.
    package static func clear(_ interface: UInt32, of occupant: Occupant) throws(BPFError) -> BPFProgram {
        let program = try BPFProgram(id: occupant.program)
        for link in XDPLink.all(of: occupant.program, interface: interface) { try link.detach() }
        if self.occupant(ofInterface: interface) != nil {
            var options = bpf_xdp_attach_opts()
            options.sz = optionsSize(through: \bpf_xdp_attach_opts.old_prog_fd)
            options.old_prog_fd = program.descriptor.raw
            try check(
                unsafe bpf_xdp_detach(CInt(bitPattern: interface), occupant.mode.flag, &options),
                "take the program off the XDP hook")
        }
        return program
    }

    /// Puts back what `clear` took off.
    package static func restore(_ program: BPFProgram, _ mode: XDPMode, to interface: UInt32) throws(BPFError)
    {
        let flags = mode.flag | UInt32(XDP_FLAGS_UPDATE_IF_NOEXIST)
        try check(
            bpf_xdp_attach(CInt(bitPattern: interface), program.descriptor.raw, flags, nil),
            "put the program back on the XDP hook")
    }
}
