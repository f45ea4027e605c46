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
    private let homes: HomeTable
    private var pins: PinDirectory?
    private var guards: Guards?
    private var lostPins = LostPins()
    private var lastRead: Timestamp
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
        homes = try HomeTable(maps)
        isAdopted = false
        lastRead = now
    }

    /// Takes over what an earlier agent pinned: same maps, same program, still attached.
    ///
    /// - Returns: `nil` when there is nothing pinned, or not of this ABI, or not with these options; a fresh one must then
    ///   take its place.
    private init?(adopting pins: PinDirectory, options: DatapathOptions, now: Timestamp) {
        guard let maps = try? DatapathMaps({ try BPFMap(name: $0, pinnedAt: pins.map($0)) }),
            let control = try? ControlBlock(maps.control), control.abi == UInt32(SLUICE_ABI),
            maps.isOurs(control.config),
            control.config.source_lines == UInt32(options.ruleSlots + options.allowSlots),
            control.config.sets == UInt32(options.slotsPerCPU / Int(FLOW_WAYS)),
            let program = try? BPFProgram(name: "sluice_ingress", pinnedAt: pins.program),
            let generations = try? GenerationReader(maps, control: control),
            let rules = try? RuleTable(maps, control: control),
            let homes = try? HomeTable(maps)
        else { return nil }
        self.maps = maps
        self.control = control
        self.generations = generations
        self.rules = rules
        self.homes = homes
        ingress = program
        egress = try? BPFProgram(name: "sluice_egress", pinnedAt: pins.egressProgram)
        isAdopted = true
        lastRead = now
        self.pins = pins
    }

    /// Attaches to the interfaces with these names, adopting what is pinned for them where that is possible.
    ///
    /// With one interface, what leaves through it is counted too (egress hook), so that answers are seen; with several,
    /// answers come in on another one. Interfaces that are missing are attached by `tend` when they come.
    ///
    /// Rules are in force before the first packet: a fresh program gets them before it is attached, an adopted one gets
    /// new ones before it loses those that nobody wants any more.
    ///
    /// - Parameters:
    ///   - interfaces: at least one, and at least one that is there.
    ///   - bpffs: where a BPF file system is mounted, or may be.
    ///   - options: what a fresh program is made with.
    ///   - rules: all that are to be in force.
    ///   - now: this moment by the agent's clock.
    /// - Returns: the data plane, attached and pinned.
    /// - Throws: `DatapathError` or `BPFError`; of an attempt that failed nothing stays behind, and what an earlier agent
    ///   left goes on.
    package static func attach(
        to interfaces: [String], bpffs: String, options: DatapathOptions, rules: [Rule] = [], now: Timestamp
    ) throws -> Datapath {
        let pins = try PinDirectory(bpffs: bpffs)
        do {
            // Where no link is left nothing protects any more: a fresh start loses nothing.
            let wanted = Set(interfaces.compactMap(Interface.index))
            let isHeld = pins.liveLinks().contains { wanted.contains($0.index) }
            if isHeld, let adopted = Datapath(adopting: pins, options: options, now: now) {
                try adopted.start(interfaces, pins: pins, options: options)
                try adopted.install(rules)
                try adopted.removeRules(except: rules)
                return adopted
            }
            let fresh = try Datapath(loading: .shipped(), options: options, now: now)
            fresh.pins = pins
            try fresh.install(rules)
            // What was chained to an earlier program stays behind this one.
            if pins.exists(pins.nextProgram) {
                try fresh.chain(to: BPFProgram(name: "next", pinnedAt: pins.nextProgram))
            }
            try fresh.start(interfaces, pins: pins, options: options)
            return fresh
        } catch {
            pins.removeIfEmpty()
            throw error
        }
    }

    private func start(_ interfaces: [String], pins: PinDirectory, options: DatapathOptions) throws {
        let guards = Guards(
            interfaces, program: ingress, egress: egress, pins: pins, options: options)
        try guards.start(isAdopted: isAdopted)
        self.guards = guards
        guard !isAdopted else {
            // What was counted while nobody read belongs to no window.
            for _ in 0..<Int(GENERATIONS) { _ = generations.read(from: lastRead, to: lastRead, counter: 0) }
            return try guards.settle()
        }
        do {
            let former = pins.contents().filter {
                !pins.isLink($0) && !pins.isNext($0) && $0 != pins.egressHook
            }
            for pin in former { pins.remove(pin) }
            for map in maps.all { try map.pin(at: pins.map(map.name)) }
            try ingress.pin(at: pins.program)
            try egress?.pin(at: pins.egressProgram)
            try guards.settle()
        } catch {
            try? detach()
            throw error
        }
    }

    /// The interfaces that are to be guarded, in the order they were named; none without `attach`.
    package var interfaces: [GuardedInterface] { guards?.interfaces ?? [] }

    /// What is attached now.
    package var attachments: [Attachment] { guards?.attachments ?? [] }

    /// Follows interfaces that came, went or were renamed; to be called with every turn.
    ///
    /// - Returns: what happened, a sentence each; `interfaces` tells what is amiss.
    package func tend() -> [String] {
        guard let guards, let pins else { return [] }
        let news = guards.tend()
        var wanted: [(pin: String, make: (String) throws -> Void)] = maps.all.map { map in
            (pins.map(map.name), { try map.pin(at: $0) })
        }
        wanted.append((pins.program, { [ingress] in try ingress.pin(at: $0) }))
        if let egress { wanted.append((pins.egressProgram, { try egress.pin(at: $0) })) }
        wanted += guards.attachments.filter(\.isAlive).map { attachment in
            (pins.link(attachment.interface.index), { try attachment.link.pin(at: $0) })
        }
        return news + [lostPins.restore(wanted, in: pins)].compactMap(\.self)
    }

    /// Takes the program off every interface and removes the pins: traffic passes as if we had never been there.
    package func detach() throws {
        // Whatever fails: without pins, links let go when this process ends.
        defer { pins?.removeAll() }
        try guards?.detach()
    }

    /// Tells the program that the agent lives: automatic rules apply for `deadAfter` from here; `nil`: for ever.
    package func beat(deadAfter: Duration?) {
        control.setDeadAfter(deadAfter.map { UInt64(max($0.nanoseconds, 1)) } ?? 0)
        control.heartbeat = Machine.monotonicNanoseconds()
    }

    /// Tells the program whose addresses are ours, so that others cannot speak in their name from outside.
    package func bind(_ ingress: Ingress) throws {
        // First the networks: an interface that is outside before would have packets from them taken for martians rightly.
        try homes.set(ingress.homes)
        let indices = ingress.outside.compactMap(Interface.index)
        control.setOutside(Array(indices.prefix(Int(OUTSIDE_MAX))), dropsMartians: ingress.dropsMartians)
    }

    package func read(at now: Timestamp) -> Reading {
        read(at: now, counter: Machine.monotonicNanoseconds())
    }

    /// Likewise, where the program was told the time: `counter` is this moment on its clock, in nanoseconds.
    package func read(at now: Timestamp, counter: UInt64) -> Reading {
        defer { lastRead = now }
        let reading = generations.read(from: lastRead, to: now, counter: counter)
        // It has waited for all programs that ran before.
        rules.reclaim()
        return reading
    }

    @discardableResult
    package func install(_ rules: [Rule]) throws -> Set<UInt32> {
        try self.rules.install(rules, expiry: Self.expiry())
    }

    package func mend(_ wanted: [Rule], in part: RulePart) throws -> RuleDrift {
        try rules.mend(wanted, in: part, expiry: Self.expiry())
    }

    /// A rule's end on the monotonic clock, in nanoseconds, as both clocks are now; 0 for never.
    private static func expiry() -> (Rule) -> UInt64 {
        let (now, monotonic) = (Timestamp.now, Machine.monotonicNanoseconds())
        return { rule in
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
            let (head, rest) = (value.rule.head, value.rule.rest)
            return RuleCounters(
                id: rest.id, dropped: value.rule.dropped,
                lastHit: head.last_hit == 0 ? nil : clock.time(of: head.last_hit), challenge: value.counted)
        }
    }

    package func know(_ sources: [KnownSource], isAll: Bool) throws {
        try KnownTable(maps.known).set(sources, isAll: isAll)
    }

    /// Kernel memory of all maps, in bytes.
    package var mapBytes: UInt64 { maps.all.reduce(0) { $0 + $1.memory } }

    /// Closes what removed rules left open in the gate: worth calling about once a minute.
    package func tidy() throws { try rules.tidyGate() }

    /// Has passing packets go on to `program`, whose verdict then is the verdict; `nil`: they pass.
    ///
    /// Takes effect with the next packet, without a gap. The program must be one for multi-buffer packets (`xdp.frags`).
    /// `ChainSlot` does it from another process.
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
