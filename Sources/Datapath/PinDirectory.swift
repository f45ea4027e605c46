import BPF
import Glibc

/// The directory under a BPF file system in which one agent's maps, program and links outlive it.
///
///     /sys/fs/bpf/sluice/net-4026531840/{map_*, link_2, program}
///
/// One directory for each network namespace, since indexes of interfaces mean something in one only.
package struct PinDirectory: Hashable, Sendable {
    package let path: String
    /// The BPF file system.
    let root: String

    /// Finds (or mounts) a BPF file system and makes the directory.
    ///
    /// `ip netns exec` gives a process a mount namespace of its own, whose `/sys` has no BPF file system, and one mounted
    /// there would end with the process. The machine's own, seen through process 1, outlives it.
    package init(bpffs: String) throws {
        let candidates = [bpffs, "/proc/1/root" + bpffs]
        if let found = candidates.first(where: Machine.isBPFFileSystem) {
            root = found
        } else {
            do {
                try Machine.mountBPFFileSystem(at: bpffs)
            } catch {
                throw DatapathError(
                    "\(error); pins need one: mount -t bpf bpf \(bpffs), or name another with 'bpffs'")
            }
            root = bpffs
        }
        path = "\(root)/sluice/net-\(Self.networkNamespace)"
        try makeDirectories()
    }

    /// Makes those that are not there.
    func makeDirectories() throws {
        for directory in ["\(root)/sluice", path] where unsafe mkdir(directory, 0o700) != 0 && errno != EEXIST
        {
            throw DatapathError("cannot make \(directory): \(unsafe String(cString: strerror(errno)))")
        }
    }

    /// The directory that an agent made for this network namespace; `nil` if there is none.
    init?(madeUnder bpffs: String) {
        let number = Self.networkNamespace
        guard let made = PinnedNamespace.all(bpffs: bpffs).first(where: { $0.number == number }) else {
            return nil
        }
        path = made.path
        root = String(made.path.dropLast("/sluice/net-\(number)".count))
    }

    /// Number of the network namespace this thread is in.
    package static var networkNamespace: UInt64 {
        var info = stat()
        return unsafe stat("/proc/thread-self/ns/net", &info) == 0 ? UInt64(info.st_ino) : 0
    }

    func map(_ name: String) -> String { "\(path)/map_\(name)" }
    /// Of the interface with this index.
    func link(_ interface: UInt32) -> String { "\(path)/link_\(interface)" }
    var program: String { "\(path)/program" }
    var egressProgram: String { "\(path)/program_egress" }
    /// There when we made the interface's egress hook.
    var egressHook: String { "\(path)/\(Self.egressHookName)" }
    static let egressHookName = "program_egress_hook"

    /// The program behind ours, and its maps.
    var nextProgram: String { "\(path)/next_program" }
    func nextMap(_ name: String) -> String { "\(path)/next_map_\(name)" }
    func isNext(_ pin: String) -> Bool { pin.hasPrefix("\(path)/next_") }

    func isLink(_ pin: String) -> Bool { pin.hasPrefix("\(path)/link_") }

    func exists(_ path: String) -> Bool { unsafe access(path, F_OK) == 0 }

    /// Paths of everything pinned here.
    func contents() -> [String] { Files.names(in: path).map { "\(path)/\($0)" } }

    /// Pinned links whose interface is still there, in this network namespace.
    func liveLinks() -> [(index: UInt32, link: XDPLink)] {
        contents().filter(isLink).compactMap { pin in
            guard let link = try? XDPLink(pinnedAt: pin), let index = try? link.interface(),
                Interface(index: index) != nil
            else { return nil }
            return (index, link)
        }
    }

    /// Pins something in the place of what is there, if anything is.
    func replace(_ pin: String, _ make: (String) throws -> Void) throws {
        remove(pin)
        try make(pin)
    }

    /// Removes a pin, if it is there.
    func remove(_ pin: String) { _ = unsafe unlink(pin) }

    /// Removes every pin and the directory: what no process holds goes with them.
    package func removeAll() {
        for pin in contents() { remove(pin) }
        removeIfEmpty()
    }

    /// Removes the directories that hold nothing any more.
    func removeIfEmpty() {
        for directory in [path, String(path.prefix(upTo: path.lastIndex(of: "/") ?? path.startIndex))] {
            _ = unsafe rmdir(directory)
        }
    }
}
