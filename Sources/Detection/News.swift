import Traffic

/// Tells new verdicts on an entity from more of the same.
struct News {
    /// An alert that is repeated for as long as it goes on comes at most this often in the end.
    private static let longest: Duration = .seconds(3600)
    /// What was silent for so long is a new story.
    private static let story: Duration = .seconds(600)
    /// A window is a second long: until then it may be the same attack.
    private static let pause: Duration = .seconds(1)

    private var last: (time: Timestamp, tier: Verdict.Tier, reason: String, isCertain: Bool)?
    /// Where most of what was last told of went to.
    private var target: FlowKey?
    private var lastSeen: Timestamp?
    private var interval: Duration = .zero

    /// Whether to tell of it.
    ///
    /// The first verdict, one of a higher tier and the first that is certain are told at once, others after the interval. Alerts for the same reason
    /// are told ever more rarely while they go on: after the interval, four times the interval and so on. Who is kept from one
    /// service, and turns to another, is told of a second later: `flow` is the largest one.
    mutating func isNews(
        _ tier: Verdict.Tier, _ reason: String, isCertain: Bool, of flow: FlowKey?, at time: Timestamp,
        interval usual: Duration
    ) -> Bool {
        defer { if last?.time == time { target = flow } }
        let goesOn = lastSeen.map { !time.hasPassed(Self.story, since: $0) } ?? false
        lastSeen = time
        guard let last else { return tell(tier, reason, isCertain, at: time, interval: usual) }
        if tier == .block {
            // What is countable acts at once, while a score alone waits for a second window.
            let isGraver = last.tier == .alert || isCertain && !last.isCertain
            if isGraver || time.hasPassed(Self.pause, since: last.time) && !isSame(flow) {
                return tell(tier, reason, isCertain, at: time, interval: usual)
            }
        }
        guard tier == .alert, last.tier == .alert, last.reason == reason, goesOn else {
            return time.hasPassed(usual, since: last.time)
                && tell(tier, reason, isCertain, at: time, interval: usual)
        }
        return time.hasPassed(interval, since: last.time)
            && tell(tier, reason, isCertain, at: time, interval: interval * 4)
    }

    private func isSame(_ flow: FlowKey?) -> Bool {
        flow?.destination == target?.destination && flow?.destinationPort == target?.destinationPort
    }

    private mutating func tell(
        _ tier: Verdict.Tier, _ reason: String, _ isCertain: Bool, at time: Timestamp,
        interval next: Duration
    ) -> Bool {
        last = (time, tier, reason, isCertain)
        interval = min(next, Self.longest)
        return true
    }
}
