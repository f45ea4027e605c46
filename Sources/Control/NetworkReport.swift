package import Policy
package import Traffic

/// `GET report`: what each mode would do on this network, and whether to change it.
package struct NetworkReport: Codable, Hashable, Sendable {
    /// What one mode did or, if another one was set, would have done.
    package struct Outcome: Codable, Hashable, Sendable {
        package var mode: Mode
        /// Automatic rules: sources banned, and sources or services limited.
        package var bans: Int
        package var limits: Int
        /// What they stop, and its share of all that was seen (packets, 0...1).
        package var stopped: Count
        package var share: Double
        /// The part of it from sources with answered connections for ten minutes and no verdict, and how many of those
        /// the rules are on.
        package var known: Count
        package var knownSources: Int
        /// Whether it may be more: while sources are limited, nobody counts what a ban would have stopped beside.
        package var isAtLeast: Bool
    }

    /// How often it is wrong.
    package struct FalseAlarms: Codable, Hashable, Sendable {
        /// Rules that an operator has judged, and those that he called false; of these a day, with an interval of 95 %.
        package var judged: Int
        package var wrong: Int
        package var wrongPerDay: Double
        package var low: Double
        package var high: Double
        /// The share of the false ones among those judged, with an interval of 95 %; absent if none is judged.
        package var share: Double?
        package var shareLow: Double?
        package var shareHigh: Double?
        /// Alarms without countable evidence a day: accepted, and realised in the last day; absent in the first hour.
        package var acceptedPerDay: Double
        package var realisedPerDay: Double?
    }

    /// One policy group, or everything that is in none.
    package struct Group: Codable, Hashable, Sendable {
        /// Absent for everything that is in no group.
        package var name: String?
        package var mode: Mode
        /// Seconds in each mode.
        package var watched: [String: Double]
        /// All that was seen and belongs to it, dropped or not.
        package var traffic: Count
        /// One a mode, from `learn` to `enforce`.
        package var outcomes: [Outcome]
        package var falseAlarms: FalseAlarms
        /// Packets that bans stop, hour by hour, the latest last.
        package var history: [Double]
        package var advice: AdviceReport
    }

    /// Whether to change the mode.
    package struct AdviceReport: Codable, Hashable, Sendable {
        package var move: Advice.Move
        /// Where to; absent to stay.
        package var mode: Mode?
        package var reasons: [String]
    }

    package var since: Timestamp
    /// Everything in no group first.
    package var groups: [Group]

    package init(since: Timestamp, groups: [Group]) {
        self.since = since
        self.groups = groups
    }
}

extension NetworkReport.Group {
    /// What a record comes to.
    ///
    /// The intervals are of false rules a day, and of their share; `nil` where there is none.
    package init(
        _ name: String?, _ record: TrackRecord, history: [Double], in circumstances: Advice.Circumstances,
        wrongPerDay: (low: Double, high: Double)?, wrongShare: (low: Double, high: Double)?
    ) {
        self.name = name
        mode = circumstances.mode
        watched = Dictionary(record.watched.map { ($0.key.rawValue, $0.value) }) { first, _ in first }
        traffic = record.traffic
        outcomes = Mode.allCases.map { NetworkReport.Outcome($0, record) }
        falseAlarms = NetworkReport.FalseAlarms(
            judged: record.judged, wrong: record.wrong,
            wrongPerDay: record.judging > 0 ? Double(record.wrong) * 86_400 / record.judging : 0,
            low: wrongPerDay?.low ?? 0, high: wrongPerDay?.high ?? 0,
            share: record.judged > 0 ? Double(record.wrong) / Double(record.judged) : nil,
            shareLow: wrongShare?.low, shareHigh: wrongShare?.high, acceptedPerDay: circumstances.accepted,
            realisedPerDay: circumstances.realised)
        self.history = history
        let advice = Advice(on: record, in: circumstances)
        self.advice = NetworkReport.AdviceReport(
            move: advice.move, mode: advice.mode, reasons: advice.reasons)
    }
}

extension NetworkReport.Outcome {
    init(_ mode: Mode, _ record: TrackRecord) {
        self.mode = mode
        let acts = mode != .learn
        bans = acts && mode != .limit ? record.bans : 0
        limits = !acts ? 0 : mode == .limit ? record.bans + record.limits : record.limits
        let toll = record.toll
        (stopped, known) =
            switch mode {
            case .learn, .shadow: (Count(), Count())
            case .limit: (toll.limited, toll.limitedOfKnown)
            case .enforce: (toll.enforced, toll.enforcedOfKnown)
            }
        let all = Double(record.traffic.packets)
        share = all > 0 ? min(1, Double(stopped.packets) / all) : 0
        knownSources = acts ? record.onKnown : 0
        isAtLeast = mode == .enforce && (record.watched[.limit] ?? 0) > 0
    }
}
