import Models
import RealModule
import Traffic

/// Turns an accepted number of false alarms a day into a threshold, and corrects it by the alarms that really come.
///
/// No threshold out of a sample survives drift; so when alarms come more often than accepted, the threshold rises, by up
/// to two decades, and sinks again when they do not.
struct AlarmBudget {
    private static let step = 0.25
    private static let most = 2.0
    /// No sample that a threshold comes from has more than 30,000 windows, so nothing rarer than one in 30,000 is known.
    ///
    /// A tail fitted to a few wild windows would put the threshold out of reach. If this is too low, the alarms that come raise it.
    private static let furthest = 4.5

    /// False alarms a day.
    let accepted: Double
    private var correction = 0.0
    private var alarms = 0
    private var since: Timestamp?
    private var lastAlarm: Timestamp?
    /// What came so far, with a memory of a day.
    private(set) var realised = AlarmRate()

    init(acceptedPerDay: Double) { accepted = max(acceptedPerDay, 0.01) }

    /// The score that windows may exceed by chance at the accepted rate.
    func threshold(of opinion: PeaksOverThreshold, windowsPerHour: Double) -> Double {
        let probability = min(accepted / 24 / max(windowsPerHour, 1), 1)
        return min(opinion.score(exceededWith: probability), Self.furthest) + correction
    }

    /// An alarm was none too many.
    mutating func forgive() { alarms = max(0, alarms - 1) }

    /// Counts alarms of one reading; those within a minute of the last have one cause and are one.
    ///
    /// What exceeds a threshold by chance does so now and then; an attack makes many alarms at once, and must not raise the
    /// bars for the next.
    mutating func count(alarms number: Int, at now: Timestamp) {
        // The hour begins anew when the clock was set back.
        let start = min(since ?? now, now)
        since = start
        var isNew = false
        if number > 0 {
            isNew = lastAlarm.map { now.hasPassed(.seconds(60), since: $0) } ?? true
            if isNew { lastAlarm = now }
        }
        realised.count(isNew ? 1 : 0, at: now)
        alarms += isNew ? 1 : 0
        let hours = (now - start) / .seconds(3600)
        guard hours >= 1 || Double(alarms) > max(3, accepted / 24 * 3) else { return }
        let isTooMany = Double(alarms) > max(1, accepted / 24 * max(hours, 1))
        correction = min(max(correction + (isTooMany ? Self.step : -Self.step), 0), Self.most)
        alarms = 0
        since = now
    }
}
