package import API
import Detection
import Engine
import Models
import Policy
import Store
package import Traffic

/// What each mode would do on this network.
extension Agent {
    /// What is kept of each hour is kept for so long.
    static let reportMemory: Duration = .seconds(90 * 86_400)

    /// Adds what one turn saw, by group and mode.
    func note(_ turn: Engine.Turn) {
        let policy = engine.policy
        let seconds = max(0, min((turn.reading.end - turn.reading.start).seconds, 60))
        for group in [nil] + policy.groups.map(\.name) {
            activity[key(of: group), default: Activity()].seconds += seconds
        }
        for (group, traffic) in policy.traffic(in: turn.reading) {
            activity[key(of: group), default: Activity()].traffic += traffic
        }
        for (group, toll) in engine.policy.takeTolls() {
            activity[key(of: group), default: Activity()].toll += toll
            // What was dropped stands in no flow, but in the totals, and so with the rest.
            guard group != nil, !policy.isShadowing(group) else { continue }
            activity[key(of: group), default: Activity()].traffic += toll.enforced
            var rest = activity[key(of: nil), default: Activity()].traffic
            rest.packets -= min(rest.packets, toll.enforced.packets)
            rest.bytes -= min(rest.bytes, toll.enforced.bytes)
            activity[key(of: nil), default: Activity()].traffic = rest
        }
    }

    private func key(of group: String?) -> Activity.Key {
        Activity.Key(group: group, mode: engine.policy.mode(of: group))
    }

    package func report(since: Timestamp?) async throws -> NetworkReport {
        let now = time()
        try saveActivity(at: now)
        let start = max(since ?? now - .seconds(7 * 86_400), now - Self.reportMemory)
        let records = try store.records(since: start, at: now)
        let trips = try store.trips(since: start)
        let policy = engine.policy
        let names = [nil] + policy.groups.map(\.name)
        return NetworkReport(
            since: start,
            groups: names.map { name in
                let (record, hours) = records[name] ?? (TrackRecord(), [])
                let rate = engine.detector.alarmRates.first { $0.group == name }
                let days = record.judging / 86_400
                let perDay = Interval.rate(record.wrong, in: days)
                let share = Interval.share(record.wrong, of: record.judged)
                return NetworkReport.Group(
                    name, record, history: hours,
                    in: Advice.Circumstances(
                        now: now, mode: policy.mode(of: name), learned: learned,
                        accepted: rate?.accepted ?? 0, realised: rate?.realised,
                        wrongPerDayAtLeast: perDay?.low ?? 0, trips: trips),
                    wrongPerDay: perDay.map { ($0.low, $0.high) },
                    wrongShare: share.map { ($0.low, $0.high) })
            })
    }

    /// How much of what is usual here has been learned, 0...1; 1 when a model of it is in use.
    var learned: Double { engine.detector.phase.learned }

    /// Writes down what was seen since the last time; if that fails it is tried again with the next.
    func saveActivity(at now: Timestamp) throws {
        guard !activity.isEmpty else { return }
        try store.add(activity, at: now)
        activity = [:]
    }
}

extension DetectionPhase {
    /// How much of what is usual has been learned, 0...1; 1 when a model of it is in use.
    var learned: Double {
        switch self {
        case .learning(let fraction): min(fraction, 0.99)
        // The last hundredth is for training.
        case .readyToTrain: 0.99
        case .watching: 1
        }
    }
}
