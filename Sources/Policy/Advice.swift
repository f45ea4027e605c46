package import Traffic

/// Whether to change a mode, and why.
package struct Advice: Hashable, Sendable {
    package enum Move: String, Codable, CaseIterable, Hashable, Sendable { case stay, advance, retreat }

    package var move: Move
    /// Where to; `nil` to stay.
    package var mode: Mode?
    /// Sentences without full stops: what stands against moving on or, if nothing does, what speaks for it.
    package var reasons: [String]

    /// What is not in a record.
    package struct Circumstances: Hashable, Sendable {
        package var now: Timestamp
        package var mode: Mode
        /// 0...1; 1 when a model of this site is in use.
        package var learned: Double
        /// Alarms without countable evidence a day; `realised` is `nil` in the first hour.
        package var accepted: Double
        package var realised: Double?
        /// At least so many of the rules a day are false: the lower end of an interval of 95 %.
        package var wrongPerDayAtLeast: Double
        /// How often a circuit breaker tripped.
        package var trips: Int

        package init(
            now: Timestamp, mode: Mode, learned: Double, accepted: Double, realised: Double?,
            wrongPerDayAtLeast: Double, trips: Int
        ) {
            self.now = now
            self.mode = mode
            self.learned = learned
            self.accepted = accepted
            self.realised = realised
            self.wrongPerDayAtLeast = wrongPerDayAtLeast
            self.trips = trips
        }
    }

    /// What comes once a day has been seen after this.
    package static let day: Duration = .seconds(86_400)

    /// The advice for what was seen; docs/policy.md has the rules with their reasons.
    package init(on record: TrackRecord, in circumstances: Circumstances) {
        let mode = circumstances.mode
        if mode == .limit || mode == .enforce, circumstances.wrongPerDayAtLeast > circumstances.accepted {
            let rate = Self.text(circumstances.wrongPerDayAtLeast)
            self.init(
                .retreat, .shadow,
                [
                    "\(Self.counted(record.wrong, "rule")) marked false, at least \(rate) a day where \(Self.text(circumstances.accepted)) are accepted"
                ])
            return
        }
        let watched = Self.watched(record, in: mode)
        guard let next = mode.next else {
            self.init(.stay, nil, [watched, "nothing is beyond enforce"])
            return
        }
        var against: [String] = []
        if circumstances.learned < 1 {
            let percent = Int((circumstances.learned * 100).rounded(.down))
            against.append("\(percent) % of what is usual here has been learned")
        }
        if mode != .learn { against += Self.doubts(about: record, in: circumstances) }
        if against.isEmpty {
            self.init(.advance, next, mode == .learn ? ["what is usual here has been learned"] : [watched])
        } else {
            self.init(.stay, nil, (mode == .learn ? [] : [watched]) + against)
        }
    }

    private init(_ move: Move, _ mode: Mode?, _ reasons: [String]) {
        self.move = move
        self.mode = mode
        self.reasons = reasons
    }

    /// What speaks against more than shadowing, or limiting.
    private static func doubts(about record: TrackRecord, in circumstances: Circumstances) -> [String] {
        var doubts: [String] = []
        let seconds = record.watched[circumstances.mode] ?? 0
        if seconds < day.seconds {
            doubts.append("less than a day in this mode: what comes once a day has not been seen")
        }
        if circumstances.trips > 0 {
            doubts.append(
                "a circuit breaker tripped \(circumstances.trips == 1 ? "once" : "\(circumstances.trips) times")"
            )
        }
        if let wrong = record.lastWrong, circumstances.now - wrong < day {
            doubts.append("\(record.wrong) marked false, the latest less than a day ago")
        }
        if let realised = circumstances.realised, realised > circumstances.accepted {
            doubts.append(
                "\(text(realised)) alarms a day without evidence, \(text(circumstances.accepted)) accepted")
        }
        if record.unjudgedOnKnown > 0 {
            doubts.append(
                "\(counted(record.unjudgedOnKnown, "rule")) on well-known sources not judged: look at them, then sluice feedback"
            )
        }
        return doubts
    }

    /// `shadow for 26 h, 3 would-be bans, 1 marked false`.
    private static func watched(_ record: TrackRecord, in mode: Mode) -> String {
        let hours = Int((record.watched[mode] ?? 0) / 3600)
        let isShadow = mode == .learn || mode == .shadow
        let rules = record.bans + record.limits
        return "\(mode.rawValue) for \(hours) h, \(counted(rules, isShadow ? "would-be rule" : "rule"))"
            + (rules > 0 ? ", \(record.judged) judged, \(record.wrong) marked false" : "")
    }

    private static func counted(_ count: Int, _ word: String) -> String {
        "\(count) \(word)\(count == 1 ? "" : "s")"
    }

    /// With at most two digits behind the point.
    private static func text(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let (whole, part) = (hundredths / 100, hundredths % 100)
        if part == 0 { return "\(whole)" }
        return part % 10 == 0 ? "\(whole).\(part / 10)" : "\(whole).\(part < 10 ? "0" : "")\(part)"
    }
}

extension Mode {
    /// The mode that goes one step further.
    package var next: Mode? {
        switch self {
        case .learn: .shadow
        case .shadow: .limit
        case .limit: .enforce
        case .enforce: nil
        }
    }
}
