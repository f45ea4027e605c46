package import BPF
import Glibc

/// The program on one interface.
package struct Attachment: Sendable {
    package internal(set) var interface: Interface
    package let mode: XDPMode
    /// What an operator should know of how it came about: why not native, whose place it took; `nil` if there is nothing.
    package let remark: String?
    let link: XDPLink

    /// Attaches `program`, native first unless told otherwise; `remarks` say what happened before.
    init(
        _ program: BPFProgram, to interface: Interface, _ attach: DatapathOptions.Attach,
        remarks: [String] = []
    ) throws {
        self.interface = interface
        var failures: [BPFError] = []
        for mode in attach.modes {
            do {
                link = try XDPLink(program, interface: interface.index, mode: mode)
                self.mode = mode
                let all = remarks + failures.prefix(1).map { "\($0)" }
                remark = all.isEmpty ? nil : all.joined(separator: "; ")
                return
            } catch {
                failures.append(error)
            }
        }
        throw DatapathError(
            "cannot attach to \(interface.name): \(failures.map { "\($0)" }.joined(separator: "; "))")
    }

    /// An attachment that an earlier agent left.
    init(adopting link: XDPLink, on interface: Interface) {
        self.link = link
        self.interface = interface
        mode = XDPHook.occupant(ofInterface: interface.index)?.mode ?? .native
        remark = nil
    }

    /// Whether the interface is still there, in this network namespace, and ours.
    package var isAlive: Bool {
        (try? link.interface()) == interface.index && Interface(index: interface.index) != nil
    }
}

extension DatapathOptions.Attach {
    /// Modes to try, in this order.
    fileprivate var modes: [XDPMode] {
        switch self {
        case .auto: [.native, .generic]
        case .native: [.native]
        case .generic: [.generic]
        }
    }

    /// Whether an attachment in `mode` will do.
    func allows(_ mode: XDPMode) -> Bool { modes.contains(mode) }
}
