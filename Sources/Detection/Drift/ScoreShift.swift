import RealModule
import Traffic

/// Whether scores have risen for good: a cumulative sum of the minutes' means.
///
/// E. Page, "Continuous inspection schemes", Biometrika 41, 1954. The first half hour after a model came into use says what its
/// scores are like here; each later minute adds by how many deviations it is above that, less a half. Single windows do not
/// count: they overlap and come in crowds, minutes hardly.
struct ScoreShift {
    private static let warmUp = 30
    /// In deviations of a minute: the shift that is looked for is twice the slack.
    private static let slack = 0.5
    /// A cumulative sum beyond this is a shift; by chance it is reached once in weeks.
    private static let bound = 8.0
    /// It falls as fast as it rose when scores sink again.
    private static let most = 2 * bound
    /// One wild window must not make a minute.
    private static let highestScore = 3.0

    private var minute = (sum: 0.0, count: 0, start: Timestamp?.none)
    private var seen = 0
    private var mean = 0.0
    private var squares = 0.0
    private var sum = 0.0
    /// When the scores began to be higher than they were.
    private(set) var since: Timestamp?

    /// The cumulative sum over its bound: a shift from 1 on.
    var excess: Double { sum / Self.bound }

    /// Adds a window's score by the site's model.
    mutating func add(_ score: Double) {
        minute.sum += min(score, Self.highestScore)
        minute.count += 1
    }

    /// Ends the minute if it is over.
    mutating func pass(_ now: Timestamp) {
        let start = minute.start ?? now
        minute.start = start
        guard now.hasPassed(.seconds(60), since: start) else { return }
        if minute.count > 0 { take(minute.sum / Double(minute.count), at: now) }
        minute = (0, 0, now)
    }

    private mutating func take(_ value: Double, at now: Timestamp) {
        guard seen >= Self.warmUp else {
            seen += 1
            let error = value - mean
            mean += error / Double(seen)
            squares += error * (value - mean)
            return
        }
        let deviation = max((squares / Double(Self.warmUp - 1)).squareRoot(), 0.02)
        sum = min(max(0, sum + (value - mean) / deviation - Self.slack), Self.most)
        since = sum == 0 ? nil : min(since ?? now, now)
    }
}
