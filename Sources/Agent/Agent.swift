import API
import BPF
package import Configuration
package import Datapath
import Detection
import Engine
import Features
import Models
import Policy
import Signing
import Store
import Traffic

/// The live agent: turns the engine by the clock, keeps what must outlive it, and answers questions.
package actor Agent {
    /// Rules, their counters and the audit trail go to disk this often; what happens goes at once.
    private static let savingInterval: Duration = .seconds(60)

    var loaded: LoadedConfiguration
    /// Reads the configuration again, with the same flags; `nil` where no file was given.
    let load: (@Sendable () throws -> LoadedConfiguration)?
    let clock: any AgentClock
    let datapath: Datapath
    let engine: Engine
    let store: Store
    /// Signs every model that is kept.
    let key: SigningKey
    let started: Moment
    private let notify: @Sendable ([TimedNotice]) -> Void
    let eventLog = EventLog()

    /// As looked up within the last minute.
    private(set) var host: HostAddresses
    private(set) var totals = Totals()
    private(set) var rates = RateHistory()
    private(set) var coverage = 1.0
    /// Windows of the latest reading, each entity once.
    private(set) var latest: [ScoredWindow] = []
    /// Flows of the latest reading, and the seconds it took.
    private(set) var latestFlows: (samples: [FlowSample], seconds: Double) = ([], 1)
    /// What is known of each model beside `engine.detector.lives`, by policy group; `nil` for the shared one.
    var learners: [String?: Learner] = [:]
    private(set) var heartbeat: Timestamp
    private var complaints: [String: String] = [:]
    private var operators = Operators()
    private(set) var clockWatch: ClockWatch
    /// By how much the clock was set while no agent ran.
    private let stepMeanwhile: Duration?
    /// What had to be mended in the kernel's rules since the start.
    private(set) var ruleDrift = RuleDrift()
    /// One model at a time.
    var training: Task<Void, Never>?
    private var lastSaved: Timestamp
    /// How many rules had been refused for want of room at the last turn, and when that rose last.
    private var (refusedRules, lastRefusal): (UInt64, Timestamp?) = (0, nil)
    private var digest = Digest()
    /// What was seen since it was last written down.
    var activity: [Activity.Key: Activity] = [:]

    /// Attaches the data plane, opens the store and puts in force what it remembers.
    ///
    /// - Parameters:
    ///   - loaded: with at least one interface.
    ///   - load: reads the configuration again, for `reload`.
    ///   - replaces: whether another XDP program on an interface is taken off.
    ///   - clock: the agent's time.
    ///   - notify: called with everything the agent has to tell, in order.
    /// - Throws: what cannot be had (interface, store, program), with what to do; nothing is attached then.
    package init(
        _ loaded: LoadedConfiguration, load: (@Sendable () throws -> LoadedConfiguration)? = nil,
        replaces: Bool = false, clock: any AgentClock = WallClock(),
        notify: @escaping @Sendable ([TimedNotice]) -> Void = { _ in }
    ) throws {
        let configuration = loaded.configuration
        self.loaded = loaded
        self.load = load
        self.clock = clock
        self.notify = notify
        // Read once: what the clock is set by from here on is seen at the first turn.
        let moment = clock.moment
        let now = moment.time
        started = moment
        clockWatch = ClockWatch(last: moment)
        heartbeat = now
        lastSaved = now
        let host = HostAddresses()
        self.host = host
        // Everything that can be refused comes before the interface is touched.
        try Interface.requireOne(of: configuration.interfaces)
        store = try Store(path: configuration.state)
        key = try SigningKey(file: SigningKey.path(beside: configuration.state))
        // A clock that was set while no agent ran: what is remembered moves along before anybody reads it.
        let step = try store.lastMoment()?.step(to: moment)
        if let step {
            try store.save([.clockSet(by: step)], by: "agent", under: loaded.hash, at: now)
        }
        let saved = try store.savedState(at: now, memory: configuration.bans.maximum)
        let routes = Routes(configuration, host: host)
        var detection = DetectionConfiguration(configuration, host: host)
        detection.grouping.routes = routes
        let detector = Detector(configuration: detection, shippedModel: try .embedded())
        for group in detector.lives.map(\.group) {
            let (learner, complaint) = try Self.learner(
                for: group, in: detector, from: store,
                trusting: Self.trustedKeys(configuration, own: key), at: now)
            learners[group] = learner
            if let complaint { complaints[Learner.subject(of: group)] = complaint }
        }
        var policy = Policy(
            settings: configuration.policy, mode: configuration.mode, groups: configuration.policyGroups,
            routes: routes, breakers: configuration.breakers.settings,
            protected: host.protected + operators.protected(at: moment.uptime))
        policy.configuration = loaded.hash
        var options = DatapathOptions(configuration)
        options.replaces = replaces
        policy.room = options.room
        let changes = policy.start(allowing: configuration.allow, restoring: saved, at: now)
        let (told, counted) = digest.sort(changes.events, at: now)
        try store.save(told, counted: counted, by: "agent", under: loaded.hash, at: now)
        try store.save(moment)
        stepMeanwhile = step
        datapath = try Datapath.attach(
            to: configuration.interfaces, bpffs: configuration.bpffs,
            options: options, rules: policy.rules, now: now)
        let ingress = Ingress(configuration, host: host)
        try datapath.bind(ingress)
        policy.bind(ingress)
        engine = Engine(source: datapath, sink: datapath, detector: detector, policy: policy)
    }

    /// Runs until the task is cancelled, then stops cleanly.
    ///
    /// - Parameters:
    ///   - staysAttached: leave program, rules and pins in the kernel, for the next agent to adopt.
    ///   - manager: is told when the first turn is done, and that turns go on.
    /// - Throws: what ended the agent before its time, or kept it from detaching.
    package func run(staysAttached: Bool, under manager: ServiceManager? = nil) async throws {
        var signs = SignsOfLife(to: manager)
        tell(.started(datapath.attachments.map(\.summary)))
        attempt("store") {
            let words = "version \(Version.current), mode \(engine.policy.mode.rawValue)"
            try store.note("start", "agent", detail: words, by: "agent", under: loaded.hash, at: started.time)
        }
        if let stepMeanwhile { tell(.event(.clockSet(by: stepMeanwhile))) }
        for complaint in complaints.values { tell(.warning(complaint)) }
        var failure: (any Error)?
        do {
            var next = clock.now
            while !Task.isCancelled {
                try turn()
                signs.turned()
                let now = clock.now
                // A clock that was set back must not slow the loop down until it has caught up.
                next = min(max(next + configuration.interval, now), now + configuration.interval)
                try await clock.sleep(until: next)
            }
        } catch is CancellationError {
        } catch {
            failure = error
        }
        signs.stopping()
        training?.cancel()
        do {
            try stop(staysAttached: staysAttached)
        } catch {
            // The first thing that went wrong is the one to mend.
            throw failure ?? error
        }
        if let failure { throw failure }
    }

    var configuration: Configuration { loaded.configuration }

    /// This moment, to decide by; if the clock was set, all that is remembered has moved along.
    func time() -> Timestamp {
        let moment = clock.moment
        if let step = clockWatch.step(to: moment) {
            record(engine.policy.clockWasSet(by: step), by: "agent", at: moment.time)
        }
        return moment.time
    }

    /// One turn of the loop.
    private func turn() throws {
        let now = time()
        tendInterfaces()
        let deadMan = configuration.deadMan
        datapath.beat(deadAfter: deadMan.action == .open ? deadMan.after : nil)
        heartbeat = now
        let turn = try engine.turn(at: now)
        totals += turn.reading.totals
        coverage = turn.reading.totals.coverage
        rates.add(turn.reading.totals, at: now)
        note(turn)
        latest = turn.observation.windows
        latestFlows = (turn.reading.samples, max((turn.reading.end - turn.reading.start).seconds, 0.01))
        record(turn.changes.events, by: "agent", at: now)
        sumUp(at: now)
        attempt("rules") { if let failure = turn.failure { throw failure } }
        tell(turn.drift, at: now)
        watchRoom(at: now)
        for report in turn.observation.drifted { tell(.warning(report.sentence)) }
        learn(at: now)
        if now - lastSaved >= Self.savingInterval || now < lastSaved { save(at: now) }
    }

    /// Follows interfaces that came, went or were renamed.
    private func tendInterfaces() {
        for news in datapath.tend() { tell(.interface(news)) }
        for interface in datapath.interfaces {
            let subject = "interface \(interface.name)"
            if let trouble = interface.trouble {
                complain(subject, trouble)
            } else {
                settle(subject)
            }
        }
    }

    /// Keeps what happened, and tells it.
    ///
    /// A store that fails now is tried again with the next event.
    func record(_ events: [Event], by who: String, at now: Timestamp) {
        guard !events.isEmpty else { return }
        let (told, counted) = digest.sort(events, at: now)
        keep(told, counted: counted, by: who, at: now)
    }

    /// Tells how much of what happened was only counted.
    private func sumUp(at now: Timestamp, isLast: Bool = false) {
        let sums = digest.sums(at: now, isLast: isLast)
        if !sums.isEmpty { keep(sums, by: "agent", at: now) }
    }

    private func keep(_ events: [Event], counted: [Event] = [], by who: String, at now: Timestamp) {
        tell(events.map(Notice.event), by: who)
        attempt("store") {
            try store.save(events, counted: counted, by: who, under: loaded.hash, at: now)
        }
    }

    /// Somebody else changed the rules in the kernel; they are as they should be again.
    private func tell(_ drift: RuleDrift, at now: Timestamp) {
        guard drift != RuleDrift() else { return }
        ruleDrift += drift
        let text = "put \(drift.missing) back, removed \(drift.unknown)"
        tell(.mended("somebody else changed the rules in the kernel: \(text)"))
        attempt("store") {
            try store.note("mend", "rules", detail: text, by: "agent", under: loaded.hash, at: now)
        }
    }

    /// Warns of rules that there is no room for, as long as there are any.
    private func watchRoom(at now: Timestamp) {
        let occupancy = engine.policy.occupancy
        if occupancy.refused > refusedRules { lastRefusal = now }
        refusedRules = occupancy.refused
        if occupancy.lacking > 0 {
            complain(
                "room",
                "rules not in force: \(occupancy.lacking), the kernel's table has no room for them; "
                    + "`sluice bans` shows which")
        } else if let lastRefusal, (.zero..<Duration.seconds(60)).contains(now - lastRefusal) {
            complain(
                "room",
                "automatic rules not made since the start: \(occupancy.refused), for rules on other names "
                    + "that may be borrowed take their share of the kernel's table")
        } else {
            settle("room")
        }
    }

    private func save(at now: Timestamp) {
        lastSaved = now
        attempt("store") {
            try store.save([], by: "agent", at: now)
            // Not this moment: a step after it was last looked at has not been followed yet.
            try store.save(clockWatch.last)
            try store.saveCounters(of: engine.policy.sanctions)
            try saveActivity(at: now)
            try store.prune()
        }
        attempt("protection") {
            // Addresses and gateways may have changed. None at all means that they could not be read: every machine
            // has a loopback.
            let found = HostAddresses()
            guard !found.protected.isEmpty else { return }
            host = found
            let changes = engine.policy.protect(
                host.protected + operators.protected(at: clockWatch.last.uptime), at: now)
            try engine.apply(changes)
            record(changes.events, by: "agent", at: now)
        }
        regroup()
        attempt("gate") { try datapath.tidy() }
    }

    /// Takes up the groups of the configuration and the routes of now, where traffic is judged.
    func regroup() {
        let routes = Routes(configuration, host: host)
        engine.policy.route(routes)
        let ingress = Ingress(configuration, host: host)
        engine.policy.bind(ingress)
        attempt("ingress") { try datapath.bind(ingress) }
        engine.detector.regroup(
            configuration.acceptedAlarms, Grouping(configuration.groups.map(\.traffic), routes: routes))
        followGroups()
        let lost = configuration.groups.map(\.traffic).flatMap { traffic in
            traffic.interfaces.filter { !routes.lead(through: $0) }.map {
                "no route leads through \($0), so the policy group \(traffic.name) sees nothing of it"
            }
        }
        if lost.isEmpty {
            settle("groups")
        } else {
            complain("groups", lost.joined(separator: "; "))
        }
    }

    private func stop(staysAttached: Bool) throws {
        let now = time()
        sumUp(at: now, isLast: true)
        save(at: now)
        attempt("store") {
            try store.note("stop", "agent", by: "agent", under: loaded.hash, at: now)
            try store.settle()
        }
        if !staysAttached { try datapath.detach() }
        tell(.stopped(isAttached: staysAttached))
        eventLog.close()
    }

    /// Does something that the agent can do without; a failure is told once, until it succeeds again.
    func attempt(_ subject: String, _ body: () throws -> Void) {
        do {
            try body()
            settle(subject)
        } catch {
            complain(subject, "\(error)")
        }
    }

    /// What was complained of is well again.
    func settle(_ subject: String) { complaints[subject] = nil }

    func complain(_ subject: String, _ text: String) {
        let old = complaints.updateValue(text, forKey: subject)
        // How many there are of it is no news.
        guard old.map(Self.withoutNumbers) != Self.withoutNumbers(text) else { return }
        tell(.warning(text))
    }

    private static func withoutNumbers(_ text: String) -> String { text.filter { !$0.isNumber } }

    /// What an operator should see to.
    var warnings: [String] {
        let trip = engine.policy.trip.map {
            "a circuit breaker has tripped: \($0.reason); automatic rules on well-known sources only count until that has ended, or `sluice mode` sets a mode"
        }
        let silent = engine.policy.unanswerable.map {
            """
            questions to strangers at \(BanReport($0).spokenSubject) do not arrive (XDP_TX on this interface, or a filter on the \
            way): their connections take a second longer to begin
            """
        }
        return [trip].compactMap(\.self) + silent + complaints.keys.sorted().compactMap { complaints[$0] }
    }

    func tell(_ notice: Notice) { tell([notice], by: "agent") }

    private func tell(_ notices: [Notice], by who: String) {
        let now = clock.now
        let timed = notices.map { TimedNotice($0, by: who, at: now) }
        notify(timed)
        for notice in timed { eventLog.add(notice.report) }
    }
}

extension Attachment {
    /// `eth0 (native)`, with what is to be known of it.
    var summary: String {
        "\(interface.name) (\(mode.rawValue)\(remark.map { ": \($0)" } ?? ""))"
    }
}

extension DatapathOptions {
    /// What the configuration says of the data plane.
    package init(_ configuration: Configuration) {
        let attach: Attach =
            switch configuration.attach {
            case .auto: .auto
            case .native: .native
            case .generic: .generic
            }
        self.init(
            slotsPerCPU: configuration.flowTable.slotsPerCPU, attach: attach,
            ruleSlots: configuration.ruleTable.slots + DatapathOptions.prefixSlots)
    }
}

extension DetectionConfiguration {
    /// What the configuration says of detection on this host.
    ///
    /// Connected networks have neighbours in them, which are told apart one by one, and those that are not on the side of the
    /// Internet are ours.
    package init(_ configuration: Configuration, host: HostAddresses) {
        self.init(configuration)
        windows.localPrefixes += host.inside(configuration.roles)
        windows.neighbourPrefixes = host.outside(configuration.roles)
    }
}
