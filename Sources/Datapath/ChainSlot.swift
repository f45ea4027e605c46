import BPF
import Glibc

/// The slot for a program behind ours (map `next`), through the pins of an agent in this network namespace.
///
/// What is put into it is pinned beside it, with its maps, so that a takeover with fresh maps carries it over.
package struct ChainSlot: Sendable {
    /// What is in the slot.
    package struct Occupant: Hashable, Sendable, Encodable {
        package let id: UInt32
        /// Name of its function, cut to 15 characters, and hash of its instructions; absent without CAP_SYS_ADMIN.
        package let name: String?
        package let tag: String?
        /// Where it is pinned; absent if it is not, and so ends with our maps.
        package let pin: String?
        /// Where its maps are pinned, by which they can be read and written; none of a program that was pinned already.
        package let maps: [String]
    }

    private let pins: PinDirectory
    private let map: BPFMap

    /// Opens the slot.
    ///
    /// - Throws: `DatapathError` where no agent has pinned anything for this network namespace.
    package init(bpffs: String) throws {
        guard let pins = PinDirectory(madeUnder: bpffs), pins.exists(pins.map("next")) else {
            throw DatapathError(
                "there is no program of ours to chain to in this network namespace; "
                    + "start an agent first: sluice run --interface NAME")
        }
        self.pins = pins
        map = try BPFMap(name: "next", pinnedAt: pins.map("next"))
    }

    /// What passing packets go on to; `nil` if they just pass.
    package var occupant: Occupant? {
        guard let id = map.programID else { return nil }
        let info = ProgramInfo(id: id)
        let isPinned = (try? BPFProgram(name: "next", pinnedAt: pins.nextProgram))?.info?.id == id
        return Occupant(
            id: id, name: info?.name, tag: info?.tag, pin: isPinned ? pins.nextProgram : nil,
            maps: isPinned ? pins.contents().filter { $0.hasPrefix(pins.nextMap("")) }.sorted() : [])
    }

    /// Puts an XDP program into the slot; takes effect with the next packet, without a gap.
    ///
    /// - Parameters:
    ///   - path: an object file, or a pinned program.
    ///   - name: which program of the file; `nil` where it has only one.
    /// - Throws: `DatapathError` or `BPFError`; then the slot holds what it held.
    package func put(_ path: String, program name: String? = nil) throws {
        let isPinned = Machine.isBPFFileSystem(path)
        let (program, maps) = try isPinned ? Self.pinned(path, name) : Self.load(path, name)
        do {
            try map.setProgram(program)
        } catch {
            guard error.code == EINVAL else { throw error }
            throw DatapathError(
                "the kernel does not take \(path) behind a program for multi-buffer packets: it was loaded without "
                    + "the flag BPF_F_XDP_HAS_FRAGS (section xdp.frags); give its object file instead, which is "
                    + "loaded with it")
        }
        removePins()
        try program.pin(at: pins.nextProgram)
        for map in maps { try map.pin(at: pins.nextMap(map.name)) }
    }

    /// Empties the slot: passing packets pass.
    package func clear() throws {
        try map.setProgram(nil)
        removePins()
    }

    private func removePins() {
        for pin in pins.contents() where pins.isNext(pin) { pins.remove(pin) }
    }

    private static func pinned(_ path: String, _ name: String?) throws -> (BPFProgram, [BPFMap]) {
        guard name == nil else {
            throw DatapathError("\(path) is one pinned program: --program is for files")
        }
        let program = try BPFProgram(name: path, pinnedAt: path)
        guard program.isXDP else { throw DatapathError("\(path) is no XDP program") }
        return (program, [])
    }

    private static func load(_ path: String, _ name: String?) throws -> (BPFProgram, [BPFMap]) {
        let object = try BPFObject(file: path)
        let names = object.xdpPrograms
        let list = names.joined(separator: ", ")
        guard let first = names.first else { throw DatapathError("there is no XDP program in \(path)") }
        if name == nil, names.count > 1 {
            throw DatapathError("\(path) has several XDP programs; choose one with --program: \(list)")
        }
        if let name, !names.contains(name) {
            throw DatapathError("there is no XDP program '\(name)' in \(path); there are: \(list)")
        }
        try object.load(onlyForTailCalls: name ?? first)
        return (
            try object.program(named: name ?? first), try object.mapNames.map { try object.map(named: $0) }
        )
    }
}
