import BPF
import CLibbpf
import Glibc

/// Takes away what agents left on interfaces and under BPF file systems, whatever state it is in.
package enum Sweep {
    /// Clears the network namespace of this thread.
    ///
    /// - Parameters:
    ///   - bpffs: where pins are.
    ///   - interface: only what is on this one; pins of the maps stay then.
    /// - Returns: what was removed, a line each; empty if there was nothing.
    /// - Throws: `BPFError` for what does not go; what went before stays gone.
    package static func here(bpffs: String, interface: String? = nil) throws -> [String] {
        let number = PinDirectory.networkNamespace
        let pinned = PinnedNamespace.all(bpffs: bpffs).first { $0.number == number }
        let hook = pinned.map { "\($0.path)/\(PinDirectory.egressHookName)" }
        var removed: [String] = []
        for name in Interface.names() where interface == nil || name == interface {
            guard let index = Interface.index(of: name) else { continue }
            if let occupant = XDPHook.occupant(ofInterface: index), isOurs(occupant, on: index, pinned) {
                let links = (pinned?.links ?? []).filter { (try? $0.link.interface()) == index }
                for (_, link) in links { try link.detach() }
                if links.isEmpty { _ = try XDPHook.clear(index, of: occupant) }
                removed.append("the program on \(name)")
            }
            for (pin, link) in pinned?.links ?? [] where [0, index].contains((try? link.interface()) ?? 0) {
                unsafe unlink(pin)
            }
            if let program = EgressFilter.program(onInterface: index),
                ProgramInfo(id: program).map({ $0.name == "sluice_egress" }) ?? true
            {
                let hookIsOurs = hook.map { unsafe access($0, F_OK) == 0 } ?? false
                try EgressFilter.detach(interface: index, removingHook: hookIsOurs)
                if hookIsOurs, let hook { unsafe unlink(hook) }
                removed.append("the egress filter\(hookIsOurs ? " and its hook" : "") on \(name)")
            }
        }
        if interface == nil, let pinned { removed += pinned.remove() }
        return removed
    }

    /// By its pin, or where there is none by its name.
    private static func isOurs(
        _ occupant: XDPHook.Occupant, on index: UInt32, _ pinned: PinnedNamespace?
    ) -> Bool {
        pinned?.links.contains { (try? $0.link.interface()) == index } == true
            || ProgramInfo(id: occupant.program)?.name == "sluice_ingress"
    }

    /// Runs `body` in the network namespace that `path` stands for, on this thread.
    package static func entering<Result>(_ path: String, _ body: () throws -> Result) throws -> Result {
        let here = unsafe open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)
        let there = unsafe open(path, O_RDONLY | O_CLOEXEC)
        defer {
            close(here)
            close(there)
        }
        guard here >= 0, there >= 0, sluice_enter_network_namespace(there) == 0 else {
            throw BPFError("enter the network namespace \(path)", code: errno)
        }
        defer { _ = sluice_enter_network_namespace(here) }
        return try body()
    }
}
