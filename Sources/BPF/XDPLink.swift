import CLibbpf
import Glibc

/// Where in the receive path an XDP program runs.
package enum XDPMode: String, Hashable, Sendable {
    /// In the driver, before a socket buffer is made.
    case native
    /// In the network stack: works on every interface, at a higher cost.
    case generic

    var flag: UInt32 { self == .native ? UInt32(XDP_FLAGS_DRV_MODE) : UInt32(XDP_FLAGS_SKB_MODE) }
}

/// A program's hold on an interface's XDP hook.
///
/// It lasts as long as a descriptor or a pin of it.
package final class XDPLink: Sendable {
    private let descriptor: Descriptor

    private init(_ descriptor: Descriptor) { self.descriptor = descriptor }

    /// Attaches `program` to the interface with index `interface`.
    package convenience init(_ program: BPFProgram, interface: UInt32, mode: XDPMode) throws(BPFError) {
        var options = unsafe bpf_link_create_opts()
        unsafe options.sz = optionsSize(through: \bpf_link_create_opts.flags)
        unsafe options.flags = mode.flag
        let raw = unsafe bpf_link_create(
            program.descriptor.raw, CInt(bitPattern: interface), BPF_XDP, &options)
        try check(raw, "attach to the XDP hook in \(mode.rawValue) mode")
        self.init(Descriptor(owning: raw))
    }

    /// Opens a link pinned at `path`.
    package convenience init(pinnedAt path: String) throws(BPFError) {
        self.init(Descriptor(owning: try check(unsafe bpf_obj_get(path), "open the pinned link \(path)")))
    }

    /// Gives it a name under a BPF file system, by which the program stays attached without the process.
    package func pin(at path: String) throws(BPFError) {
        try check(unsafe bpf_obj_pin(descriptor.raw, path), "pin the link at \(path)")
    }

    /// Puts another program in the place of the current one; no packet meets neither or both.
    package func replace(with program: BPFProgram) throws(BPFError) {
        try check(
            bpf_link_update(descriptor.raw, program.descriptor.raw, nil), "replace the attached program")
    }

    /// Links by which the program with number `program` holds an interface with index `interface`.
    ///
    /// Indexes count within a network namespace; the number of the program tells these apart in all but odd cases. Empty
    /// without CAP_SYS_ADMIN.
    static func all(of program: UInt32, interface: UInt32) -> [XDPLink] {
        var (id, found): (UInt32, [XDPLink]) = (0, [])
        while unsafe bpf_link_get_next_id(id, &id) == 0 {
            let raw = bpf_link_get_fd_by_id(id)
            guard raw >= 0 else { continue }
            let link = XDPLink(Descriptor(owning: raw))
            guard let info = try? link.info(), info.type == BPF_LINK_TYPE_XDP.rawValue,
                info.prog_id == program, info.xdp.ifindex == interface
            else { continue }
            found.append(link)
        }
        return found
    }

    /// Index of the interface it holds; 0 when that interface is gone.
    package func interface() throws(BPFError) -> UInt32 { try info().xdp.ifindex }

    private func info() throws(BPFError) -> bpf_link_info {
        var info = bpf_link_info()
        var size = UInt32(MemoryLayout<bpf_link_info>.size)
        try check(unsafe bpf_obj_get_info_by_fd(descriptor.raw, &info, &size), "ask about a link")
        return info
    }

    /// Takes the program off the interface, whatever pins there are.
    package func detach() throws(BPFError) {
        try check(bpf_link_detach(descriptor.raw), "detach from the XDP hook")
    }
}
