package import BPF
import CSluiceABI
import FlowTable
import Glibc
package import Traffic

/// Our XDP program, loaded: counts flows, and drops what rules say.
///
/// Not for concurrent use. Without `attach` it runs for test runs only; with it, maps, program and links are pinned, so that
/// they go on when this process is gone, and the next one adopts them.
package final class Datapath: FlowSource, RuleSink {
    private let maps: DatapathMaps
    private let ingress: BPFProgram
    private let egress: BPFProgram?
    private let control: ControlBlock
    private let generations: GenerationReader
    private let rules: RuleTable
    private var pins: PinDirectory?
    private var lastRead: Timestamp
    package private(set) var attachments: [Attachment] = []
    private var egressInterface: Interface?
    /// Whether the maps, and the rules in them, are those of an earlier agent.
    package let isAdopted: Bool

    /// Loads `object`, which nothing has loaded yet, with fresh maps.
    package init(loading object: BPFObject, options: DatapathOptions = DatapathOptions(), now: Timestamp)
        throws
    {
        let (maps, config) = try DatapathMaps.load(object, options: options)
        self.maps = maps
        ingress = try object.program(named: "sluice_ingress")
        egress = try? object.program(named: "sluice_egress")
        control = try ControlBlock(maps.control)
        control.initialize(config)
        control.heartbeat = Machine.monotonicNanoseconds()
        generations = try GenerationReader(maps, control: control)
        rules = try RuleTable(maps, control: control)
        isAdopted = false
        lastRead = now
    }

    /// Takes over what an earlier agent pinned: same maps, same program, still attached.
    ///
    /// - Returns: `nil` when there is nothing pinned, or not of this ABI, or not with these options; a fresh one must then
    ///   take its place.
    private init?(adopting pins: PinDirectory, options: DatapathOptions, now: Timestamp) {
        guard let maps = try? DatapathMaps({ try BPFMap(name: $0, pinnedAt: pins.map($0)) }),
            maps.haveOurLayout, let control = try? ControlBlock(maps.control),
            control.abi == UInt32(SLUICE_ABI),
            control.config.sets == UInt32(options.slotsPerCPU / Int(FLOW_WAYS)),
            control.config.ipv6_prefix == UInt32(options.ipv6SourcePrefix),
            let program = try? BPFProgram(name: "sluice_ingress", pinnedAt: pins.program),
            let generations = try? GenerationReader(maps, control: control),
            let rules = try? RuleTable(maps, control: control)
        else { return nil }
        self.maps = maps
        self.control = control
        self.generations = generations
        self.rules = rules
        ingress = program
        egress = try? BPFProgram(name: "sluice_egress", pinnedAt: pins.egressProgram)
        isAdopted = true
        lastRead = now
        self.pins = pins
    }

    /// Attaches to `interfaces`, adopting what is pinned for them where that is possible.
    ///
    /// With one interface, what leaves through it is counted too (egress hook), so that answers are seen; with several,
    /// answers come in on another one.
    ///
    /// Rules are in force before the first packet: a fresh program gets them before it is attached, an adopted one gets
    /// new ones before it loses those that nobody wants any more.
    ///
    /// - Parameters:
    ///   - interfaces: at least one.
    ///   - bpffs: where a BPF file system is mounted, or may be.
    ///   - options: what a fresh program is made with.
    ///   - rules: all that are to be in force.
    ///   - now: this moment by the agent's clock.
    /// - Returns: the data plane, attached and pinned.
    /// - Throws: `DatapathError` or `BPFError`; of an attempt that failed nothing stays behind.
    package static func attach(
        to interfaces: [Interface], bpffs: String, options: DatapathOptions, rules: [Rule] = [],
        now: Timestamp
    ) throws -> Datapath {
        let pins = try PinDirectory(bpffs: bpffs)
        if let adopted = Datapath(adopting: pins, options: options, now: now) {
            let links = interfaces.map { interface in
                try? (XDPLink(pinnedAt: pins.link(interface.name)), interface)
            }
            // Links of interfaces that went away are dead; then nothing protects any more, and a fresh start loses nothing.
            if links.allSatisfy({ (try? $0?.0.interface()) == $0?.1.index && $0 != nil }) {
                try adopted.takeOver(links.compactMap { $0 })
                try adopted.install(rules)
                try adopted.removeRules(except: rules)
                return adopted
            }
        }
        do {
            let fresh = try Datapath(loading: .shipped(), options: options, now: now)
            fresh.pins = pins
            do {
                try fresh.install(rules)
                try fresh.attach(to: interfaces, pins: pins, attach: options.attach)
            } catch {
                // Nothing of an attempt that failed may stay behind; what an earlier agent left, if it still holds the
                // interface, goes on.
                if !fresh.attachments.isEmpty { try? fresh.detach() }
                throw error
            }
            return fresh
        } catch {
            pins.removeIfEmpty()
            throw error
        }
    }

    private func takeOver(_ links: [(XDPLink, Interface)]) throws {
        attachments = links.map { link, interface in
            Attachment(adopting: link, on: interface)
        }
        if let pins { letGoOfOthers(in: pins) }
        try countEgress()
        // What was counted while nobody read belongs to no window.
        for _ in 0..<Int(GENERATIONS) { _ = generations.read(from: lastRead, to: lastRead) }
    }

    private func attach(to interfaces: [Interface], pins: PinDirectory, attach: DatapathOptions.Attach) throws
    {
        // An agent of another version, or with other options, may hold the interface: its links go on with our program,
        // so that there is no moment without one.
        for interface in interfaces {
            let pin = pins.link(interface.name)
            if let old = try? XDPLink(pinnedAt: pin), (try? old.interface()) == interface.index {
                try old.replace(with: ingress)
                attachments.append(Attachment(adopting: old, on: interface))
            } else {
                attachments.append(try Attachment(ingress, to: interface, attach: attach))
                // The interface of that name was another one, which has gone.
                if pins.exists(pin) { letGo(of: pin, in: pins) }
            }
        }
        letGoOfOthers(in: pins)
        for pin in pins.contents() where !pins.isLink(pin) && pin != pins.egressHook { pins.remove(pin) }
        for map in maps.all { try map.pin(at: pins.map(map.name)) }
        try ingress.pin(at: pins.program)
        try egress?.pin(at: pins.egressProgram)
        for attachment in attachments {
            let pin = pins.link(attachment.interface.name)
            if !pins.exists(pin) { try attachment.link.pin(at: pin) }
        }
        try countEgress()
    }

    /// Takes what an earlier agent attached off the interfaces that are not named any more.
    private func letGoOfOthers(in pins: PinDirectory) {
        let kept = Set(attachments.map { pins.link($0.interface.name) })
        for pin in pins.contents() where pins.isLink(pin) && !kept.contains(pin) { letGo(of: pin, in: pins) }
    }

    private func letGo(of link: String, in pins: PinDirectory) {
        // The egress filter is held by the interface, not by a pin.
        if let index = try? XDPLink(pinnedAt: link).interface(), index != 0 {
            try? EgressFilter.detach(interface: index, removingHook: pins.exists(pins.egressHook))
        }
        // An agent that made a hook had one interface, which was this one.
        pins.remove(pins.egressHook)
        // Without its pin, the link lets go.
        pins.remove(link)
    }

    private func countEgress() throws {
        guard let egress, let pins else { return }
        guard let interface = attachments.first?.interface, attachments.count == 1 else {
            // An earlier agent may have had one interface only; its filter would count answers twice now.
            for attachment in attachments {
                let isOurs = pins.exists(pins.egressHook)
                try? EgressFilter.detach(interface: attachment.interface.index, removingHook: isOurs)
            }
            pins.remove(pins.egressHook)
            return
        }
        // A second pin of the program says that the hook is ours: the next agent, which finds it there, removes it.
        if try EgressFilter.attach(egress, interface: interface.index) {
            pins.remove(pins.egressHook)
            try egress.pin(at: pins.egressHook)
        }
        egressInterface = interface
    }

    /// Takes the program off every interface and removes the pins: traffic passes as if we had never been there.
    package func detach() throws {
        let hookIsOurs = pins.map { $0.exists($0.egressHook) } ?? false
        // Whatever fails: without pins, links let go when this process ends.
        defer {
            attachments = []
            pins?.removeAll()
        }
        for attachment in attachments where attachment.isAlive { try attachment.link.detach() }
        if let egressInterface {
            try EgressFilter.detach(interface: egressInterface.index, removingHook: hookIsOurs)
        }
    }

    /// Tells the program that the agent lives: automatic rules apply for `deadAfter` from here; `nil`: for ever.
    package func beat(deadAfter: Duration?) {
        control.setDeadAfter(deadAfter.map { UInt64(max($0.nanoseconds, 1)) } ?? 0)
        control.heartbeat = Machine.monotonicNanoseconds()
    }

    package func read(at now: Timestamp) -> Reading {
        defer { lastRead = now }
        return generations.read(from: lastRead, to: now)
    }

    package func install(_ rules: [Rule]) throws {
        let (now, monotonic) = (Timestamp.now, Machine.monotonicNanoseconds())
        try self.rules.install(rules) { rule in
            guard let expires = rule.expires else { return 0 }
            // 1, not 0, for what is over already: 0 would mean never.
            return UInt64(max(Int64(monotonic) + (expires - now).nanoseconds, 1))
        }
    }

    package func remove(_ rules: [Rule]) throws { try self.rules.remove(rules) }

    /// Removes every rule but these: what an earlier agent left and nobody wants any more.
    package func removeRules(except wanted: [Rule]) throws { try rules.removeAll(except: wanted) }

    package func counters() throws -> [RuleCounters] {
        let clock = FlowClock(now: .now, counter: Machine.monotonicNanoseconds())
        return try rules.values().map { value in
            RuleCounters(
                id: value.id, dropped: value.dropped,
                lastHit: value.last_hit == 0 ? nil : clock.time(of: value.last_hit))
        }
    }

    /// Closes what removed rules left open in the gate: worth calling about once a minute.
    package func tidy() throws { try rules.tidyGate() }

    /// Has passing packets go on to `program`, whose verdict then is the verdict; `nil`: they pass.
    ///
    /// Takes effect with the next packet, without a gap. The program must be made for multi-buffer packets (`xdp.frags`).
    package func chain(to program: BPFProgram?) throws(BPFError) { try maps.next.setProgram(program) }

    /// Runs the ingress program on a frame, without an interface.
    package func testRun(_ frame: [UInt8], times: Int32 = 1) throws(BPFError) -> BPFProgram.TestResult {
        try ingress.testRun(frame, times: times)
    }
}

extension Timestamp {
    /// The wall clock.
    package static var now: Timestamp {
        var time = timespec()
        unsafe clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}
