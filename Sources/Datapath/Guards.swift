import BPF

/// Keeps the program on the interfaces that are named, whatever becomes of them.
///
/// An interface is known by its index: it keeps the program when it is renamed. The name says which interface is meant:
/// when another one takes the name, the program moves there. Pins carry the index (`link_5`), so a new name needs no new pin.
final class Guards {
    private let pins: PinDirectory
    private let program: BPFProgram
    private let egress: BPFProgram?
    private let options: DatapathOptions
    private(set) var interfaces: [GuardedInterface]
    /// Turns that are waited before what could not be attached is tried again: finding out who is in the way takes a while.
    private static let patience = 25
    private var waited = 0

    init(
        _ names: [String], program: BPFProgram, egress: BPFProgram?, pins: PinDirectory,
        options: DatapathOptions
    ) {
        self.pins = pins
        self.program = program
        self.egress = egress
        self.options = options
        interfaces = names.map { GuardedInterface(name: $0, state: .missing) }
    }

    var attachments: [Attachment] { interfaces.compactMap(\.attachment) }

    /// Attaches for the first time, taking over what an earlier agent left on these interfaces.
    ///
    /// What is missing may come later, but not all of it; what is there must be had.
    ///
    /// - Parameter isAdopted: the program is the one that the earlier agent attached.
    /// - Throws: `DatapathError` or `BPFError`; then the earlier agent's program goes on where it was.
    func start(isAdopted: Bool) throws {
        try Interface.requireOne(of: interfaces.map(\.name))
        let held = Dictionary(pins.liveLinks().map { ($0.index, $0.link) }) { first, _ in first }
        // What can fail comes first: until then, the earlier agent's links are as they were.
        var fresh: [Attachment] = []
        do {
            for place in interfaces.indices {
                guard let interface = try? Interface(named: interfaces[place].name),
                    held[interface.index] == nil
                else { continue }
                let attachment = try attach(to: interface)
                fresh.append(attachment)
                interfaces[place].state = .attached(attachment)
            }
            for place in interfaces.indices {
                guard let interface = try? Interface(named: interfaces[place].name),
                    let link = held[interface.index]
                else { continue }
                let adopted = Attachment(adopting: link, on: interface)
                interfaces[place].state = .attached(try takeOver(adopted, replacing: !isAdopted))
            }
        } catch {
            for attachment in fresh { try? attachment.link.detach() }
            throw error
        }
    }

    /// Goes on with an earlier agent's link.
    private func takeOver(_ held: Attachment, replacing: Bool) throws -> Attachment {
        guard !options.attach.allows(held.mode) else {
            // One step: no packet meets neither program.
            if replacing { try held.link.replace(with: program) }
            return held
        }
        // An interface has one mode at a time: for a moment, packets pass unseen.
        let former = try BPFProgram(name: "sluice_ingress", pinnedAt: pins.program)
        try held.link.detach()
        do {
            return try Attachment(
                program, to: held.interface, options.attach, remarks: ["was \(held.mode.rawValue)"])
        } catch {
            let link = try XDPLink(former, interface: held.interface.index, mode: held.mode)
            try pins.replace(pins.link(held.interface.index)) { try link.pin(at: $0) }
            throw error
        }
    }

    /// Pins what is attached, and lets go of what an earlier agent left elsewhere.
    func settle() throws {
        for attachment in attachments {
            let pin = pins.link(attachment.interface.index)
            if (try? XDPLink(pinnedAt: pin).interface()) != attachment.interface.index {
                try pins.replace(pin) { try attachment.link.pin(at: $0) }
            }
        }
        let kept = Set(attachments.map(\.interface.index))
        for pin in pins.contents() where pins.isLink(pin) && !kept.map(pins.link).contains(pin) {
            letGo(of: pin, unless: kept)
        }
        try countEgress()
    }

    /// Brings the program to where the names say, after interfaces have come, gone or changed their names.
    ///
    /// - Returns: what happened, a sentence each; the states tell what is amiss.
    func tend() -> [String] {
        guard needsTending() else { return [] }
        var free = Dictionary(
            attachments.filter(\.isAlive).map { ($0.interface.index, $0) },
            uniquingKeysWith: { first, _ in first })
        let before = interfaces
        // Who has the name has the first claim: two interfaces may have exchanged theirs.
        for place in interfaces.indices {
            interfaces[place].state = .missing
            guard let index = Interface.index(of: interfaces[place].name) else { continue }
            if let attachment = free.removeValue(forKey: index) {
                interfaces[place].state = .attached(attachment)
            }
        }
        for (place, old) in before.enumerated() {
            guard case .missing = interfaces[place].state, let attachment = old.attachment,
                Interface.index(of: old.name) == nil,
                let kept = free.removeValue(forKey: attachment.interface.index)
            else { continue }
            interfaces[place].state = .attached(kept)
        }
        for place in interfaces.indices {
            if var attachment = interfaces[place].attachment {
                attachment.interface = Interface(index: attachment.interface.index) ?? attachment.interface
                interfaces[place].state = .attached(attachment)
            } else if let interface = try? Interface(named: interfaces[place].name) {
                do {
                    interfaces[place].state = .attached(try attach(to: interface))
                } catch {
                    interfaces[place].state = .failed("\(error)")
                }
            }
        }
        for attachment in free.values { try? attachment.link.detach() }
        var news = zip(before, interfaces).compactMap(Self.news)
        do {
            try settle()
        } catch {
            news.append("what is attached cannot be pinned: \(error)")
        }
        return news
    }

    private func needsTending() -> Bool {
        waited += 1
        let isQuiet = interfaces.allSatisfy { guarded in
            switch guarded.state {
            case .attached(let attachment):
                let held = attachment.interface
                let index = Interface.index(of: guarded.name) ?? held.index
                return attachment.isAlive && Interface(index: held.index) == held && index == held.index
            case .missing: return Interface.index(of: guarded.name) == nil
            case .failed: return waited < Self.patience && Interface.index(of: guarded.name) != nil
            }
        }
        if !isQuiet { waited = 0 }
        return !isQuiet
    }

    private static func news(_ before: GuardedInterface, _ now: GuardedInterface) -> String? {
        switch (before.attachment, now.attachment) {
        case (let old?, let new?) where old.interface.index != new.interface.index:
            "\(now.name) is another interface now, and guarded (\(new.mode.rawValue))"
        case (nil, let new?): "\(now.name) is there, and guarded (\(new.mode.rawValue))"
        default: nil
        }
    }

    private func attach(to interface: Interface) throws -> Attachment {
        guard let stranger = Stranger(on: interface, bpffs: pins.root) else {
            return try Attachment(program, to: interface, options.attach)
        }
        guard options.replaces else { throw stranger.refusal }
        let removed = try stranger.remove()
        do {
            let remark = "took the place of \(stranger), which is not put back"
            return try Attachment(program, to: interface, options.attach, remarks: [remark])
        } catch {
            stranger.putBack(removed)
            throw error
        }
    }

    private func letGo(of pin: String, unless kept: Set<UInt32>) {
        // The egress filter is held by the interface, not by a pin.
        if let index = try? XDPLink(pinnedAt: pin).interface(), index != 0, !kept.contains(index) {
            try? EgressFilter.detach(interface: index, removingHook: pins.exists(pins.egressHook))
            // An agent that made a hook had one interface, which was this one.
            pins.remove(pins.egressHook)
        }
        // Without its pin, the link lets go.
        pins.remove(pin)
    }

    /// With one interface, what leaves through it is counted too; with several, answers come in on another one.
    private func countEgress() throws {
        guard let egress else { return }
        guard interfaces.count == 1 else {
            // An earlier agent may have had one interface only; its filter would count answers twice now.
            for attachment in attachments {
                try EgressFilter.detach(
                    interface: attachment.interface.index, removingHook: pins.exists(pins.egressHook))
            }
            pins.remove(pins.egressHook)
            return
        }
        guard let attachment = attachments.first else { return }
        // A second pin of the program says that the hook is ours: the next agent, which finds it there, removes it.
        if try EgressFilter.attach(egress, interface: attachment.interface.index) {
            try pins.replace(pins.egressHook) { try egress.pin(at: $0) }
        }
    }

    /// Takes everything off every interface.
    func detach() throws {
        defer { for place in interfaces.indices { interfaces[place].state = .missing } }
        for attachment in attachments where attachment.isAlive {
            try attachment.link.detach()
            if interfaces.count == 1 {
                try EgressFilter.detach(
                    interface: attachment.interface.index, removingHook: pins.exists(pins.egressHook))
            }
        }
    }
}
