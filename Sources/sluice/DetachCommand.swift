import Agent
import ArgumentParser
import Configuration
import Datapath
import Foundation
import Terminal
import Traffic

/// The command `sluice detach`.
struct DetachCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "detach", abstract: "Take off what agents left behind: programs, filters, pins, locks.",
        discussion: """
            For after a kill or a crash, or for leaving: packets pass as if Sluice had never been there. Says what \
            it removed; that there was nothing is no error. While an agent runs nothing is removed (exit code 5), \
            unless --force ends it first.
            """)

    @Flag(
        help: "In every network namespace that can be found, not only this one, and for those that are gone.")
    var all = false

    @Option(
        help: ArgumentHelp("Only what is on this interface, in this network namespace.", valueName: "name"))
    var interface: String?

    @Flag(help: "Stop agents that run (SIGTERM, after ten seconds SIGKILL).")
    var force = false

    @Option(help: ArgumentHelp("BPF file system with the pins.", valueName: "path"))
    var bpffs = Configuration().bpffs

    func validate() throws {
        if all, interface != nil {
            throw ValidationError("--interface is about this network namespace, --all about all of them")
        }
    }

    func run() async throws {
        try await finish {
            let here = PinDirectory.networkNamespace
            let known = PinnedNamespace.known()
            var numbers: Set = [here]
            if all {
                numbers.formUnion(PinnedNamespace.all(bpffs: bpffs).map(\.number))
                numbers.formUnion(Self.lockedNamespaces())
            }
            // All agents first: a refusal leaves everything as it is.
            for number in numbers.sorted() {
                try await endAgent(in: number)
                try Self.checkHidden(
                    number, isReachable: number == here || known[number] != nil, bpffs: bpffs)
            }
            var removed: [String] = []
            for number in numbers.sorted() {
                removed += try sweep(number, isHere: number == here, path: known[number])
            }
            if removed.isEmpty { return "nothing to remove\n" }
            return removed.map { "removed \($0)\n" }.joined()
        }
    }

    private func sweep(_ number: UInt64, isHere: Bool, path: String?) throws -> [String] {
        var removed: [String] = []
        if isHere {
            if let interface { _ = try Interface(named: interface) }
            removed = try Sweep.here(bpffs: bpffs, interface: interface)
        } else if let path {
            removed = try Sweep.entering(path) { try Sweep.here(bpffs: bpffs) }.map {
                "\($0) (network namespace \(path))"
            }
        } else {
            let pinned = PinnedNamespace.all(bpffs: bpffs).first { $0.number == number }
            removed = pinned?.remove().map { "\($0), whose network namespace is gone" } ?? []
        }
        let lock = InstanceLock.path(number)
        if interface == nil, (try? FileManager.default.removeItem(atPath: lock)) != nil {
            removed.append("the lock \(lock)")
        }
        return removed
    }

    private func endAgent(in number: UInt64) async throws {
        let lock = InstanceLock.path(number)
        guard let process = InstanceLock.holder(of: lock) else { return }
        guard force else { throw AgentInTheWay(process: process) }
        kill(pid_t(process), SIGTERM)
        for _ in 0..<100 where InstanceLock.holder(of: lock) != nil {
            try await Task.sleep(for: .milliseconds(100))
        }
        if InstanceLock.holder(of: lock) == process { kill(pid_t(process), SIGKILL) }
        for _ in 0..<100 where InstanceLock.holder(of: lock) != nil {
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Throws where the lock says nothing, because it is another container's or another PID namespace's, and the kernel says that
    /// an agent lives.
    private static func checkHidden(_ number: UInt64, isReachable: Bool, bpffs: String) throws {
        guard let pinned = PinnedNamespace.all(bpffs: bpffs).first(where: { $0.number == number }) else {
            return
        }
        if !isReachable, pinned.holdsInterface {
            throw HiddenAgent(
                description:
                    "the program of \(pinned.path) is on an interface of a network namespace that cannot "
                    + "be entered from here (a container's, or of processes that are not seen?); "
                    + "run `sluice detach` there")
        }
        let hasLock = FileManager.default.fileExists(atPath: InstanceLock.path(number))
        if !hasLock, let silence = pinned.silence, silence < .seconds(10) {
            throw HiddenAgent(
                description:
                    "the agent of \(pinned.path) gave a sign of life \(silence.seconds.duration) ago, "
                    + "and its lock is not to be seen from here (a container's, or another /run?); "
                    + "stop it where it runs, or wait ten seconds if it was killed")
        }
    }

    private static func lockedNamespaces() -> [UInt64] {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: InstanceLock.folder)) ?? []
        return names.compactMap { name in
            guard name.hasPrefix("net-"), name.hasSuffix(".lock") else { return nil }
            return UInt64(name.dropFirst(4).dropLast(5))
        }
    }
}

/// An agent that cannot be asked, and whose program and pins are left alone.
struct HiddenAgent: Error, CustomStringConvertible {
    let description: String
}

/// An agent runs where everything was to be removed.
struct AgentInTheWay: Error, CustomStringConvertible {
    let process: Int

    var description: String {
        "an agent runs (process \(process)) and would attach again; stop it, or use --force"
    }
}
