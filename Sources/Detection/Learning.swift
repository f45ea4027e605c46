import Features
import Traffic

/// Collects the windows that a site model is trained on.
///
/// An attack while learning must not become usual. So nothing is taken that the shipped table, which nobody can teach, finds
/// surprising; nothing from an entity that there is a verdict on, ten minutes before and after; little from any one entity;
/// and the newest windows wait, since the verdict may still come.
struct Learning {
    /// Windows that the shipped table finds this surprising are left out; benign traffic reaches it in 3 of 1,000.
    private static let trim = 2.5
    /// How long windows wait: floods and scans are told within seconds, guessing and tunnels within minutes.
    private static let quarantine: Duration = .seconds(180)

    private let duration: Duration
    private var source: RowSampler
    private var destination: RowSampler
    private var passed: Duration = .zero
    private var odd = 0
    private var now = Timestamp(nanoseconds: 0)

    init(duration: Duration, maximumRows: Int) {
        self.duration = duration
        source = RowSampler(limit: maximumRows)
        destination = RowSampler(limit: maximumRows)
    }

    var isComplete: Bool { passed >= duration }

    var fraction: Double { min(1, passed / duration) }

    /// Counts the time that a reading covers; pauses do not count, nor what passes until a model is trained.
    mutating func pass(_ reading: Reading) {
        guard !isComplete else { return }
        now = reading.end
        passed += max(.zero, min(reading.end - reading.start, .seconds(1)))
    }

    /// Takes nothing of a window's entity that it did in the last ten minutes, or does in the next.
    mutating func bar(_ window: Window, now: Timestamp) {
        switch window.entity.view {
        case .source: source.bar(window, now: now)
        case .destination: destination.bar(window, now: now)
        }
    }

    /// Takes a window that may be usual; one that there is something to say of is suspect, and so is its entity.
    mutating func take(
        _ window: Window, _ features: ArraySlice<Float>, table: Double, isSuspect: Bool, now: Timestamp
    ) {
        switch window.entity.view {
        case .source: take(window, features, table, isSuspect, now, into: \.source)
        case .destination: take(window, features, table, isSuspect, now, into: \.destination)
        }
    }

    private mutating func take(
        _ window: Window, _ features: ArraySlice<Float>, _ table: Double, _ isSuspect: Bool, _ now: Timestamp,
        into sampler: WritableKeyPath<Learning, RowSampler>
    ) {
        if isSuspect { bar(window, now: now) }
        guard !isComplete, self[keyPath: sampler].isDue(window, now: now) else { return }
        guard table < Self.trim, !isSuspect else {
            odd += 1
            return
        }
        self[keyPath: sampler].take(features, of: window, now: now)
    }

    func trainingSet(of group: String?, shipped: ShippedModel) -> TrainingSet {
        let hours = max(passed / .seconds(3600), 1e-6)
        let wait = min(Self.quarantine, duration / 10)
        return TrainingSet(
            source: TrainingSet.View(rows: source.rows(olderThan: wait, at: now)),
            destination: TrainingSet.View(rows: destination.rows(olderThan: wait, at: now)),
            group: group, learned: passed, windowsPerHour: Double(source.offered) / hours,
            leftOut: source.leftOut + destination.leftOut + TrainingSet.LeftOut(odd: odd), shipped: shipped)
    }
}
