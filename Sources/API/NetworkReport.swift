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

        package init(
            mode: Mode, bans: Int, limits: Int, stopped: Count, share: Double, known: Count,
            knownSources: Int, isAtLeast: Bool
        ) {
            self.mode = mode
            self.bans = bans
            self.limits = limits
            self.stopped = stopped
            self.share = share
            self.known = known
            self.knownSources = knownSources
            self.isAtLeast = isAtLeast
        }
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

        package init(
            judged: Int, wrong: Int, wrongPerDay: Double, low: Double, high: Double, share: Double?,
            shareLow: Double?, shareHigh: Double?, acceptedPerDay: Double, realisedPerDay: Double?
        ) {
            self.judged = judged
            self.wrong = wrong
            self.wrongPerDay = wrongPerDay
            self.low = low
            self.high = high
            self.share = share
            self.shareLow = shareLow
            self.shareHigh = shareHigh
            self.acceptedPerDay = acceptedPerDay
            self.realisedPerDay = realisedPerDay
        }
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

        package init(
            name: String?, mode: Mode, watched: [String: Double], traffic: Count, outcomes: [Outcome],
            falseAlarms: FalseAlarms, history: [Double], advice: AdviceReport
        ) {
            self.name = name
            self.mode = mode
            self.watched = watched
            self.traffic = traffic
            self.outcomes = outcomes
            self.falseAlarms = falseAlarms
            self.history = history
            self.advice = advice
        }
    }

    /// Whether to change the mode.
    package struct AdviceReport: Codable, Hashable, Sendable {
        package enum Move: String, Codable, CaseIterable, Hashable, Sendable { case stay, advance, retreat }

        package var move: Move
        /// Where to; absent to stay.
        package var mode: Mode?
        package var reasons: [String]

        package init(
            move: Move, mode: Mode?, reasons: [String]
        ) {
            self.move = move
            self.mode = mode
            self.reasons = reasons
        }
    }

    package var since: Timestamp
    /// Everything in no group first.
    package var groups: [Group]

    package init(since: Timestamp, groups: [Group]) {
        self.since = since
        self.groups = groups
    }
}
