package import BPF
import Glibc

/// The program on one interface.
package struct Attachment: Sendable {
    package let interface: Interface
    package let mode: XDPMode
    /// Why it is not native, where native was tried.
    package let fallback: String?
    let link: XDPLink

    /// Attaches `program`, native first unless told otherwise.
    init(_ program: BPFProgram, to interface: Interface, attach: DatapathOptions.Attach) throws {
        self.interface = interface
        let order: [XDPMode] =
            switch attach {
            case .auto: [.native, .generic]
            case .native: [.native]
            case .generic: [.generic]
            }
        var failures: [BPFError] = []
        for mode in order {
            do {
                link = try XDPLink(program, interface: interface.index, mode: mode)
                self.mode = mode
                fallback = failures.first.map { "\($0)" }
                return
            } catch  where error.code == EBUSY {
                let holder = XDPHook.holder(ofInterface: interface.index)
                throw DatapathError(
                    "another XDP program\(holder.map { ", '\($0.program)' (id \($0.id)), " } ?? " ")holds \(interface.name); "
                        + "stop its owner, or take it off with: ip link set dev \(interface.name) xdp off")
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
        mode = XDPHook.holder(ofInterface: interface.index)?.mode ?? .native
        fallback = nil
    }

    /// Whether the interface is still there, and ours.
    package var isAlive: Bool { (try? link.interface()) == interface.index }
}
