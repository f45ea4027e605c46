import CLibbpf
import Glibc

/// Who keeps a program in the kernel, as far as can be seen: processes that have it or a link of it open, and pins.
///
/// A program may have neither, and live by its interface alone. Then pins of its maps give a hint (`xdp-filter` leaves them).
package struct ProgramHolders: Hashable, Sendable {
    /// A process with a descriptor of the program.
    package struct Process: Hashable, Sendable {
        package let id: Int
        package let name: String
    }

    package private(set) var processes: [Process] = []
    /// Paths under a BPF file system of the program itself, or of a link of it.
    package private(set) var pins: [String] = []
    /// Paths of maps that it uses.
    package private(set) var mapPins: [String] = []

    /// Looks for holders of the program with number `id` in every process and under `bpffs`.
    ///
    /// Reads all of `/proc`: for the moment when something is in the way, not for every turn.
    package init(ofProgram id: UInt32, maps: Set<UInt32>, bpffs: String) {
        for pid in Files.names(in: "/proc").compactMap({ Int($0) }).sorted() where pid != getpid() {
            let holds = Files.names(in: "/proc/\(pid)/fd").contains { fd in
                Files.target(of: "/proc/\(pid)/fd/\(fd)")?.hasPrefix("anon_inode:bpf") == true
                    && Numbers("/proc/\(pid)/fdinfo/\(fd)").program == id
            }
            guard holds else { continue }
            let name = Files.text("/proc/\(pid)/comm")?.filter { !$0.isNewline } ?? ""
            processes.append(Process(id: pid, name: name))
        }
        for path in Files.tree(bpffs) {
            let raw = unsafe bpf_obj_get(path)
            guard raw >= 0 else { continue }
            let descriptor = Descriptor(owning: raw)
            let numbers = Numbers("/proc/self/fdinfo/\(descriptor.raw)")
            if numbers.program == id {
                pins.append(path)
            } else if let map = numbers.map, maps.contains(map) {
                mapPins.append(path)
            }
        }
    }

    /// `process 12 (NAME), pinned at PATH`; `nil` if nothing was found.
    package var summary: String? {
        let processes = processes.map { "process \($0.id) (\($0.name))" }
        let pinned = pins.isEmpty ? [] : ["pinned at " + pins.joined(separator: ", ")]
        let hint =
            (processes + pinned).isEmpty ? mapPins.first.map { ["its maps are pinned at \($0)"] } ?? [] : []
        let parts = processes + pinned + hint
        return parts.isEmpty ? nil : parts.joined(separator: ", ")
    }

    /// The numbers that the kernel shows of an open BPF object.
    private struct Numbers {
        /// Of the program, or of the program of a link.
        var program: UInt32?
        var map: UInt32?

        init(_ path: String) {
            for line in Files.text(path)?.split(separator: "\n") ?? [] {
                let words = line.split(whereSeparator: \.isWhitespace)
                guard words.count == 2 else { continue }
                if words[0] == "prog_id:" { program = UInt32(words[1]) }
                if words[0] == "map_id:" { map = UInt32(words[1]) }
            }
        }
    }
}
