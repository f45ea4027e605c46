import Models
import RealModule
import Traffic

/// Turns an accepted number of false alarms a day into a threshold, and corrects it by the alarms that really come.
///
/// No threshold out of a sample survives drift; so when alarms come more often than accepted, the threshold rises, by up
/// to two decades, and sinks again when they do not. Real attacks raise it too, which is bounded by counting each
/// entity once an hour.
struct AlarmBudget {
    private static let step = 0.25
    private static let most = 2.0

    private let accepted: Double
    private var correction = 0.0
    private var alarms = 0
    private var since: Timestamp?

    init(acceptedPerDay: Double) { accepted = max(acceptedPerDay, 0.01) }

    /// The score that windows may exceed by chance at the accepted rate.
    func threshold(of opinion: PeaksOverThreshold, windowsPerHour: Double) -> Double {
        let probability = min(accepted / 24 / max(windowsPerHour, 1), 1)
        // Both opinions are calibrated by themselves, so their mean exceeds x with 2 * 10^-x at most. A tail that was fitted to a
        // few wild windows says more, and would leave the site blind.
        let most = -Double.log10(probability / 2)
        return min(opinion.score(exceededWith: probability), most) + correction
    }

    /// An alarm was none too many.
    mutating func forgive() { alarms = max(0, alarms - 1) }

    mutating func count(alarms number: Int, at now: Timestamp) {
        let start = since ?? now
        since = start
        alarms += number
        let hours = (now - start) / .seconds(3600)
        guard hours >= 1 || Double(alarms) > max(3, accepted / 24 * 3) else { return }
        let isTooMany = Double(alarms) > max(1, accepted / 24 * max(hours, 1))
        correction = min(max(correction + (isTooMany ? Self.step : -Self.step), 0), Self.most)
        alarms = 0
        since = now
    }
}
