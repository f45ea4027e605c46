package import API
import BPF
import Configuration
import Control
import Datapath
import Detection
import Engine
import Features
import Glibc
import Policy
import Store
package import Traffic

extension Agent: ControlService {
    package func status() async throws -> StatusReport {
        let now = time()
        let policy = engine.policy
        let detector = engine.detector
        let rate = rates.latest
        let trained = learners[nil]?.trained
        let tracked = detector.tracked
        var traffic = StatusReport.Traffic(totals)
        traffic.coverage = coverage
        traffic.lowestCoverage = rates.lowestCoverage
        var report = StatusReport(
            version: Version.current, mode: policy.mode,
            learning: learning(learned),
            started: started.time, uptime: (clockWatch.last.uptime - started.uptime).seconds,
            interfaces: datapath.interfaces.map { interface in
                let role = configuration.roles[interface.name]
                return .init(
                    name: interface.name, attach: interface.attachment?.mode.rawValue ?? "none",
                    state: interface.condition,
                    role: (role ?? host.role(of: interface.name))?.rawValue ?? "unknown",
                    isRoleDerived: role == nil)
            },
            traffic: traffic,
            rates: .init(
                packetsPerSecond: rate.packets, bytesPerSecond: rate.bytes, droppedPerSecond: rate.dropped,
                packetsHistory: rates.seconds.map(\.packets), droppedHistory: rates.seconds.map(\.dropped)),
            counts: .init(
                entities: tracked.sources + tracked.destinations, bans: policy.counts.bans,
                limits: policy.counts.limits,
                allowed: policy.allowList.count, alerts: try store.alertCount()),
            model: .init(
                id: detector.modelName, isBuiltIn: trained == nil, trained: trained,
                age: trained.map { (now - $0).seconds }, thresholds: thresholds),
            heartbeatAge: (now - heartbeat).seconds, memory: Self.residentMemory,
            kernelMemory: datapath.mapBytes, warnings: warnings)
        report.ruleDrift = .init(missing: ruleDrift.missing, unknown: ruleDrift.unknown)
        let occupancy = policy.occupancy
        report.ruleRoom = .init(
            sources: occupancy.used.sources, sourcesMost: occupancy.room.sources,
            scopes: occupancy.used.scopes, scopesMost: occupancy.room.scopes,
            lacking: occupancy.lacking, refused: occupancy.refused)
        report.detection = DetectionReport(detector)
        let rates = detector.alarmRates
        report.groups = policy.groups.map { group in
            let counts = policy.counts(in: group.name)
            let rate = rates.first { $0.group == group.name }
            return .init(
                name: group.name, mode: policy.mode(of: group.name), bans: counts.bans,
                limits: counts.limits, acceptedAlarmsPerDay: rate?.accepted ?? 0,
                realisedAlarmsPerDay: rate?.realised, model: ownModel(of: group.name))
        }
        report.configuration = loaded.hash
        report.pending = policy.pending.map(PendingReport.init)
        return report
    }

    private func learning(_ progress: Double) -> StatusReport.Learning {
        .init(progress: progress, remaining: (1 - progress) * configuration.learn.duration.seconds)
    }

    private func ownModel(of group: String) -> StatusReport.OwnModel? {
        engine.detector.life(of: group).map { life in
            .init(
                id: life.site?.name, trained: learners[group]?.trained,
                learning: learning(life.phase.learned))
        }
    }

    /// What a score must reach, in each view.
    private var thresholds: [String: Double] {
        Dictionary(latest.map { ($0.entity.view.rawValue, $0.threshold) }) { first, _ in first }
    }

    /// Resident set of this process, in bytes; 0 if the kernel does not say.
    private static var residentMemory: UInt64 {
        guard let file = unsafe fopen("/proc/self/statm", "r") else { return 0 }
        defer { unsafe fclose(file) }
        var buffer = [CChar](repeating: 0, count: 128)
        guard unsafe fgets(&buffer, CInt(buffer.count), file) != nil else { return 0 }
        let text = String(decoding: buffer.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (UInt64(fields[1]) ?? 0) * UInt64(sysconf(CInt(_SC_PAGESIZE))) : 0
    }

    package func bans(_ query: BanQuery) async throws -> [BanReport] {
        // Counters as they are now, not as they were at the last turn.
        let now = time()
        record(try engine.settle(at: now).events, by: "agent", at: now)
        let policy = engine.policy
        return query.select(policy.sanctions).map { BanReport($0, in: policy) }
    }

    package func ban(_ request: AddRequest) async throws -> ChangeResult {
        try carryOut(Order(ban: request), confirm: request.confirm, isDryRun: request.dryRun)
    }

    package func unban(_ request: RemoveRequest) async throws -> ChangeResult {
        try carryOut(Order(unban: request), confirm: request.confirm, isDryRun: request.dryRun)
    }

    package func allowed() async throws -> [AllowReport] {
        let policy = engine.policy
        return policy.allowList.map { AllowReport($0, in: policy) }
    }

    package func allow(_ request: AddRequest) async throws -> ChangeResult {
        try carryOut(Order(allow: request), confirm: request.confirm, isDryRun: request.dryRun)
    }

    package func disallow(_ request: RemoveRequest) async throws -> ChangeResult {
        try carryOut(Order(disallow: request), confirm: request.confirm, isDryRun: request.dryRun)
    }

    package func protected() async throws -> [ProtectReport] {
        engine.policy.protected.map(ProtectReport.init)
    }

    package func protect(_ request: ProtectRequest) async throws -> ChangeResult {
        try carryOut(Order(protect: request), isDryRun: request.dryRun)
    }

    package func unprotect(_ request: UnprotectRequest) async throws -> ChangeResult {
        try carryOut(Order(unprotect: request), isDryRun: request.dryRun)
    }

    private func carryOut(
        _ order: Order, confirm: Double? = nil, isDryRun: Bool?
    ) throws -> ChangeResult {
        let isDryRun = isDryRun == true
        let (policy, outcome) = try change(isDryRun: isDryRun) { policy, now in
            try policy.carryOut(order, confirmWithin: confirm.map { .seconds($0) }, at: now)
        }
        return ChangeResult(order.action, outcome, in: policy, isDryRun: isDryRun)
    }

    package func prove(_ request: ProveRequest) async throws -> BanReport {
        BanReport(
            try change { policy, now in
                try policy.prove(
                    request.address, port: request.port, for: request.duration.map { .seconds($0) },
                    reason: request.reason, at: now)
            }.result)
    }

    package func modes() async throws -> ModeReport { ModeReport(engine.policy) }

    package func setMode(_ request: ModeRequest) async throws -> ModeReport {
        ModeReport(
            try change { policy, now in
                let before = policy
                var changes = try policy.changeMode(to: request.mode, of: request.group)
                if let confirm = request.confirm {
                    try policy.awaitConfirmation(
                        of: &changes, since: before, within: .seconds(confirm), at: now)
                }
                return ((), changes)
            }.policy)
    }

    package func pending() async throws -> [PendingReport] { engine.policy.pending.map(PendingReport.init) }

    package func confirm(_ request: ConfirmRequest) async throws -> [PendingReport] {
        try change { try $0.confirm(request.changes, at: $1) }.result.map(PendingReport.init)
    }

    /// An operator's change, from the policy to the kernel and the store; returns the policy with it.
    ///
    /// `isDryRun`: the policy is all that it is tried on.
    private func change<Result>(
        isDryRun: Bool = false, _ body: (inout Policy, Timestamp) throws -> (Result, Changes)
    ) throws -> (policy: Policy, result: Result) {
        // Who has gone meanwhile was told that nothing was done.
        try Task.checkCancellation()
        let now = time()
        var policy = engine.policy
        do {
            let (result, changes) = try body(&policy, now)
            if !isDryRun { try commit(policy, changes, at: now) }
            return (policy, result)
        } catch let refusal as Refusal {
            throw ControlError(refusal)
        } catch let refused as RefusedOrder {
            throw ControlError(refused)
        }
    }

    /// Puts an operator's change in force; what the kernel refused has not happened.
    func commit(_ policy: Policy, _ changes: Changes, at now: Timestamp) throws {
        let before = engine.policy
        engine.policy = policy
        do {
            try engine.apply(changes)
        } catch {
            engine.policy = before
            engine.withdraw(changes)
            switch error {
            case let error as BPFError where error.isFull:
                throw ControlError(
                    .refused, "no room for that in the kernel: \(error)",
                    hint: "take entries off, or combine prefixes into wider ones")
            case let error as DatapathError: throw ControlError(.refused, error.description)
            default: throw error
            }
        }
        record(changes.events, by: Caller.current?.name ?? "operator", at: now)
    }

    // What is asked of the database is answered beside the loop, which must not wait for who reads much.

    package nonisolated func alerts(_ query: AlertQuery) async throws -> [AlertReport] {
        try await LowPriority.run { [store] in
            try store.alerts(
                since: query.since, source: query.source, reason: query.reason, order: query.order,
                limit: query.limit ?? .max
            ).map(AlertReport.init)
        }
    }

    package nonisolated func audit(_ query: AuditQuery) async throws -> [AuditReport] {
        let lines = try await LowPriority.run { [store] in
            try store.auditTrail(
                since: query.since, source: query.source, reason: query.reason, verb: query.kind?.rawValue,
                limit: query.limit ?? ListLimits.usual)
        }
        return lines.map {
            AuditReport(
                id: $0.id, time: $0.time, who: $0.who, verb: $0.verb, subject: $0.subject, detail: $0.detail)
        }
    }

    package nonisolated func verifyAudit(_ part: AuditPart) async throws -> AuditVerdict {
        var place = AuditPlace.start
        if let line = part.after, let hash = part.hash {
            guard let given = AuditPlace(line: line, hash: hash) else {
                throw ControlError(.invalid, "`\(hash)` is no hash: it has 64 hexadecimal digits")
            }
            place = given
        }
        let found = try await LowPriority.run { [store, place] in
            try store.verifyAudit(after: place, limit: Self.linesVerified)
        }
        return AuditVerdict(
            lines: found.lines, broken: found.broken, last: found.last.line, head: found.last.hash,
            newest: found.newest)
    }

    /// Lines of the audit trail that one request looks at: some tenths of a second.
    private static let linesVerified = 20_000

    package func explain(_ asked: Address) async throws -> Explanation {
        let address = Prefix(asked).unmapped.address
        let treatment = engine.policy.treatment(of: address)
        let current = current(address)
        let deciding = treatment.allowedBy == nil ? treatment.deciding : nil
        return try await LowPriority.run { [store] in
            let alerts = try store.alerts(about: address, limit: 10)
            let cause =
                deciding == nil ? alerts.first : try deciding?.alertID.flatMap { try store.alert(id: $0) }
            return Explanation(
                of: address, treatment: treatment, cause: cause, current: current,
                alerts: alerts.filter { $0.id != cause?.id },
                similar: try cause.map { try store.similar(to: $0) } ?? [])
        }
    }

    package func events(_ query: EventQuery) async throws -> [EventReport] { eventLog.latest(query) }

    package func followEvents(
        _ query: EventQuery
    ) async throws -> AsyncThrowingStream<EventReport, any Error> { try eventLog.follow(query) }

    /// What the latest window says about an address as a source; `nil` if there is none.
    private func current(_ address: Address) -> Explanation.Current? {
        guard
            let window = latest.first(where: {
                $0.entity.view == .source && $0.entity.prefix.contains(address)
            }),
            let report = engine.detector.report(on: window.entity)
        else { return nil }
        return Explanation.Current(
            prefix: window.entity.prefix, time: heartbeat, packetsPerSecond: Double(window.packets),
            bytesPerSecond: Double(window.bytes), flows: report.flows, score: window.score,
            threshold: window.threshold,
            model: report.model, features: report.features.map(FeatureReport.init))
    }

    package func flows(_ query: FlowQuery) async throws -> [FlowReport] {
        query.select(latestFlows.samples, seconds: latestFlows.seconds)
    }

    package func top(_ query: TopQuery) async throws -> [TopEntry] {
        let wanted = latest.filter { window in
            window.entity.view == query.view && query.source.map(window.entity.prefix.overlaps) ?? true
        }
        let sorted =
            switch query.order {
            case .packets: wanted.sorted { $0.packets > $1.packets }
            case .bytes: wanted.sorted { $0.bytes > $1.bytes }
            case .score: wanted.sorted { $0.score > $1.score }
            }
        let busiest = sorted.prefix(query.limit)
        return busiest.map { window in
            let report = engine.detector.report(on: window.entity)
            return TopEntry(
                prefix: window.entity.prefix, packetsPerSecond: Double(window.packets),
                bytesPerSecond: Double(window.bytes), flows: report?.flows ?? 0, peers: report?.peers ?? 0,
                score: window.score, threshold: window.threshold,
                state: Explanation.State(engine.policy.treatment(of: window.entity.prefix.address)))
        }
    }
}

extension Store {
    /// The alerts about others that are most like one, of the latest thousand.
    fileprivate func similar(to alert: Alert) throws -> [(likeness: Double, alert: Alert)] {
        let others = try alerts(since: nil, limit: 1_000).filter {
            $0.verdict.entity.prefix != alert.verdict.entity.prefix
        }
        let alike = others.map { (likeness: $0.verdict.likeness(to: alert.verdict), alert: $0) }
            .filter { $0.likeness >= 0.7 }
        // Of those that are equally alike, the latest.
        return Array(alike.sorted { ($0.likeness, $0.alert.id) > ($1.likeness, $1.alert.id) }.prefix(3))
    }
}
