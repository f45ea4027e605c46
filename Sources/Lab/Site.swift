import Foundation
import Glibc

/// The namespaces, links and files of one lab, from nothing to nothing.
package struct Site: Sendable {
    static let root = "/run/sluice-lab"

    package let topology: Topology
    /// Configurations, keys, logs and state; gone with the lab.
    package let folder: String

    /// Folder at which a BPF file system of the lab's own is mounted, so that no pin outlives the lab.
    package var bpffs: String { "\(folder)/bpffs" }

    package init(_ topology: Topology) {
        self.topology = topology
        folder = "\(Self.root)/\(topology.name)"
    }

    /// Makes everything; what exists after an error is `remove`'s to clean up.
    package func build() async throws {
        try await Self.mountBPF(in: folder)
        for (index, batch) in topology.batches.enumerated() {
            try await Command("ip", ["-batch", "-"], in: batch.namespace).output(
                input: batch.lines.joined(separator: "\n") + "\n")
            // Right after the first batch there are namespaces, and nothing in them yet.
            guard index == 0 else { continue }
            for namespace in topology.namespaces {
                try await Command("sysctl", ["-qw"] + Topology.settings, in: namespace).output()
            }
            try await Command("sysctl", ["-qw"] + Topology.gatewaySettings, in: topology.gateway).output()
        }
        // Frames reach the gateway with the size that they would have on a wire.
        for (namespace, interface) in [(topology.lan, "lan0")]
            + topology.hosts.map({ (topology.namespace(of: $0), "eth0") })
        {
            try await Command("ethtool", ["-K", interface, "tso", "off", "gso", "off"], in: namespace)
                .output()
        }
    }

    /// Makes `folder`, with a BPF file system of its own in it.
    static func mountBPF(in folder: String) async throws {
        let bpffs = "\(folder)/bpffs"
        try FileManager.default.createDirectory(atPath: bpffs, withIntermediateDirectories: true)
        try await Command("mount", ["-t", "bpf", "sluice-lab", bpffs]).output()
    }

    /// Stops every process in the namespaces of the lab with this name, and removes them and its folder.
    ///
    /// Goes on after errors and when the task is cancelled: it is what runs last, on every way out.
    package static func remove(_ name: String) async {
        await Task {
            let namespaces = (try? namespaces(of: name)) ?? []
            await stopProcesses(in: namespaces)
            for namespace in namespaces {
                _ = try? await Command("ip", ["netns", "delete", namespace]).output()
            }
            _ = try? await Command("umount", ["\(root)/\(name)/bpffs"]).output()
            try? FileManager.default.removeItem(atPath: "\(root)/\(name)")
            unsafe rmdir(root)  // Stays if another lab is there.
        }.value
    }

    /// Removes what labs left behind that were killed before they could clean up, and returns their names.
    package static func removeLeftovers() async -> [String] {
        let names = Set(
            ((try? FileManager.default.contentsOfDirectory(atPath: root)) ?? [])
                .filter { name in owner(of: name).map { !isLab($0) } ?? false })
        for name in names { await remove(name) }
        return names.sorted()
    }

    /// The name for a lab of this process.
    package static var ownName: String { "sluice-\(getpid())" }

    private static func owner(of name: String) -> pid_t? {
        name.hasPrefix("sluice-") ? pid_t(name.dropFirst("sluice-".count)) : nil
    }

    /// Whether the process lives and is a lab; a later process may have got the number of a dead one.
    private static func isLab(_ process: pid_t) -> Bool {
        let name = try? String(contentsOfFile: "/proc/\(process)/comm", encoding: .utf8)
        return name?.hasPrefix("sluice-lab") ?? false
    }

    private static func namespaces(of name: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: "/run/netns").filter { $0.hasPrefix(name + "-") }
    }

    private static func stopProcesses(in namespaces: [String]) async {
        for signal in [SIGTERM, SIGKILL] {
            var processes: [pid_t] = []
            for namespace in namespaces {
                let text = (try? await Command("ip", ["netns", "pids", namespace]).output()) ?? ""
                processes += text.split(separator: "\n").compactMap { pid_t($0) }
            }
            guard !processes.isEmpty else { return }
            for process in processes { kill(process, signal) }
            try? await Task.sleep(for: .milliseconds(500))
        }
    }
}
