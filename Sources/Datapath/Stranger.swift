package import BPF

/// Somebody else's program on an interface.
package struct Stranger: Sendable, CustomStringConvertible {
    package let interface: Interface
    package let occupant: XDPHook.Occupant
    /// Its name and tag; `nil` without CAP_SYS_ADMIN.
    package let info: ProgramInfo?
    package let holders: ProgramHolders

    /// Looks at what is on the hook of `interface`; `nil` if nothing is.
    ///
    /// Whoever keeps it is looked for in all processes and under `bpffs`.
    package init?(on interface: Interface, bpffs: String) {
        guard let occupant = XDPHook.occupant(ofInterface: interface.index) else { return nil }
        self.interface = interface
        self.occupant = occupant
        info = ProgramInfo(id: occupant.program)
        holders = ProgramHolders(ofProgram: occupant.program, maps: info?.maps ?? [], bpffs: bpffs)
    }

    /// `'xdp_filter' (id 12, tag 1f2e...; process 7 (NAME))`.
    package var description: String {
        let facts = ["id \(occupant.program)"] + (info.map { ["tag \($0.tag)"] } ?? [])
        let owner = holders.summary.map { "; \($0)" } ?? ""
        return "\(info.map { "'\($0.name)' " } ?? "")(\(facts.joined(separator: ", "))\(owner))"
    }

    /// Why we do not attach, and what to do.
    var refusal: DatapathError {
        DatapathError(
            "another XDP program, \(self), holds \(interface.name); stop its owner, take it off with "
                + "`ip link set dev \(interface.name) xdp off`, or take its place with --replace")
    }

    /// Takes it off the interface.
    ///
    /// - Returns: the program, which `putBack` takes.
    func remove() throws -> BPFProgram { try XDPHook.clear(interface.index, of: occupant) }

    /// After an attempt that failed: best effort, since it is reported anyway why that did.
    func putBack(_ program: BPFProgram) {
        try? XDPHook.restore(program, occupant.mode, to: interface.index)
    }
}
