import CLibbpf

/// An interface's XDP hook, as the kernel reports it.
package enum XDPHook {
    /// The program on a hook.
    package struct Holder: Hashable, Sendable {
        package let id: UInt32
        /// Name of its function; cut to 15 characters by the kernel.
        package let program: String
        package let mode: XDPMode
    }

    /// Who holds the hook of the interface with index `interface`; `nil` if nobody does.
    package static func holder(ofInterface interface: UInt32) -> Holder? {
        var options = bpf_xdp_query_opts()
        options.sz = optionsSize(through: \bpf_xdp_query_opts.attach_mode)
        guard unsafe bpf_xdp_query(CInt(bitPattern: interface), 0, &options) == 0, options.prog_id != 0 else {
            return nil
        }
        let raw = bpf_prog_get_fd_by_id(options.prog_id)
        guard raw >= 0 else { return nil }
        let descriptor = Descriptor(owning: raw)
        var info = bpf_prog_info()
        var size = UInt32(MemoryLayout<bpf_prog_info>.size)
        guard unsafe bpf_obj_get_info_by_fd(descriptor.raw, &info, &size) == 0 else { return nil }
        let name = unsafe withUnsafeBytes(of: info.name) { raw in
            unsafe String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
        }
        let mode: XDPMode = Int(options.attach_mode) == XDP_ATTACHED_SKB ? .generic : .native
        return Holder(id: options.prog_id, program: name, mode: mode)
    }
}
