import Features
import Traffic

/// Collects the windows that a site model is trained on.
struct Learning {
    /// Windows that the shipped table finds this surprising are left out.
    ///
    /// An attack while learning must not become usual. Benign traffic reaches it in 3 of 1,000 windows.
    private static let trim = 2.5

    private let duration: Duration
    private var source: RowSampler
    private var destination: RowSampler
    private var passed: Duration = .zero
    private var leftOut = 0

    init(duration: Duration, maximumRows: Int) {
        self.duration = duration
        source = RowSampler(limit: maximumRows)
        destination = RowSampler(limit: maximumRows)
    }

    var isComplete: Bool { passed >= duration }

    var fraction: Double { min(1, passed / duration) }

    /// Counts the time that a reading covers; pauses do not count.
    mutating func pass(_ reading: Reading) {
        passed += max(.zero, min(reading.end - reading.start, .seconds(1)))
    }

    /// Takes a window that may be usual.
    mutating func take(
        _ window: Window, _ features: ArraySlice<Float>, table: Double, isSuspect: Bool, now: Timestamp
    ) {
        guard !isComplete else { return }
        switch window.entity.view {
        case .source:
            guard source.isDue(window, now: now) else { return }
        case .destination:
            guard destination.isDue(window, now: now) else { return }
        }
        guard table < Self.trim, !isSuspect else {
            leftOut += 1
            return
        }
        switch window.entity.view {
        case .source: source.take(features, of: window)
        case .destination: destination.take(features, of: window)
        }
    }

    func trainingSet(shipped: ShippedModel) -> TrainingSet {
        let hours = max(passed / .seconds(3600), 1e-6)
        return TrainingSet(
            source: TrainingSet.View(rows: source.rows),
            destination: TrainingSet.View(rows: destination.rows),
            learned: passed, windowsPerHour: Double(source.offered) / hours, leftOut: leftOut,
            shipped: shipped)
    }
}
