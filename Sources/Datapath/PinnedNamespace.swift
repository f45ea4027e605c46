import BPF
import Glibc

/// What an agent pinned for one network namespace, whether or not that is still there.
package struct PinnedNamespace: Hashable, Sendable {
    /// Number of the network namespace.
    package let number: UInt64
    package let path: String

    /// All directories that agents made under `bpffs`.
    package static func all(bpffs: String) -> [PinnedNamespace] {
        let roots = [bpffs, "/proc/1/root" + bpffs].filter(Machine.isBPFFileSystem)
        guard let root = roots.first else { return [] }
        return Files.names(in: "\(root)/sluice").sorted().compactMap { name in
            guard name.hasPrefix("net-"), let number = UInt64(name.dropFirst(4)) else { return nil }
            return PinnedNamespace(number: number, path: "\(root)/sluice/\(name)")
        }
    }

    /// Network namespaces that a process is in or that have a name (`ip netns`), by number, with a path to each.
    ///
    /// Others may exist (held open by a descriptor only), and are not found.
    package static func known() -> [UInt64: String] {
        let processes = Files.names(in: "/proc").filter { Int($0) != nil }.map { "/proc/\($0)/ns/net" }
        let named = ["/run/netns", "/run/docker/netns"].flatMap { folder in
            Files.names(in: folder).map { "\(folder)/\($0)" }
        }
        let found = (named + processes).compactMap { path in
            var info = stat()
            return unsafe stat(path, &info) == 0 ? (UInt64(info.st_ino), path) : nil
        }
        return Dictionary(found) { first, _ in first }
    }

    /// Interfaces of this network namespace on which our program is, by index, and in which mode.
    package static func attached(bpffs: String) -> [UInt32: String] {
        guard let here = all(bpffs: bpffs).first(where: { $0.number == PinDirectory.networkNamespace }) else {
            return [:]
        }
        let modes = here.links.compactMap { _, link -> (UInt32, String)? in
            guard let index = try? link.interface(), index != 0 else { return nil }
            return XDPHook.occupant(ofInterface: index).map { (index, $0.mode.rawValue) }
        }
        return Dictionary(modes) { first, _ in first }
    }

    /// Whether a program still is on an interface by one of the pinned links: then its network namespace is there, seen or not.
    package var holdsInterface: Bool {
        links.contains { ((try? $0.link.interface()) ?? 0) != 0 }
    }

    /// How long ago its agent gave a sign of life, as the pinned maps say; `nil` if that is not known.
    package var silence: Duration? {
        guard let map = try? BPFMap(name: "control", pinnedAt: "\(path)/map_control"),
            let control = try? ControlBlock(map), control.heartbeat > 0
        else { return nil }
        let now = Machine.monotonicNanoseconds()
        return .nanoseconds(Int64(clamping: now > control.heartbeat ? now - control.heartbeat : 0))
    }

    /// Names of what is pinned.
    package var pins: [String] { Files.names(in: path).sorted() }

    /// Pinned links, with the paths of their pins.
    var links: [(pin: String, link: XDPLink)] {
        pins.filter { $0.hasPrefix("link_") }.compactMap { name in
            (try? XDPLink(pinnedAt: "\(path)/\(name)")).map { ("\(path)/\(name)", $0) }
        }
    }

    /// Removes every pin and the directory, and with them what nothing else holds.
    ///
    /// - Returns: what was removed, a line each.
    package func remove() -> [String] {
        let pins = Files.tree(path)
        for pin in pins { unsafe unlink(pin) }
        for folder in Files.names(in: path) { unsafe rmdir("\(path)/\(folder)") }
        unsafe rmdir(path)
        return ["\(pins.count) pins in \(path)"]
    }
}
