import Configuration
import Detection
import Foundation
import Rehearsal
import Replay
import Traffic

/// Windows out of what is named on the command line.
enum SiteWindows {
    /// What an agent would learn from captures of one network, or what tables of windows and agents' databases hold.
    ///
    /// With `group` it is what a policy group's own model learns from; captures and tables are of that group alone.
    static func read(_ inputs: [String], of group: String?, shipped: ShippedModel) throws -> TrainingSet {
        var set = try read(inputs, group, shipped)
        set.group = group
        return set
    }

    private static func read(
        _ inputs: [String], _ group: String?, _ shipped: ShippedModel
    ) throws -> TrainingSet {
        let kept = inputs.filter { $0.hasSuffix(".csv") || $0.isDatabase }
        guard kept.isEmpty else {
            guard kept.count == inputs.count else {
                throw InputError(
                    description: "captures cannot be mixed with tables of windows and databases: name either")
            }
            let sets = try kept.map { path in
                path.isDatabase
                    ? try RecordedWindows(path: path, group: group, shipped: shipped).trainingSet
                    : TrainingSet(try table(path), shipped: shipped)
            }
            return sets.count == 1 ? sets[0] : TrainingSet(joining: sets, shipped: shipped)
        }
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .seconds(1 << 40)
        let detector = Detector(configuration: configuration, shippedModel: shipped)
        let progress = ReplayProgress(of: inputs.count)
        for path in inputs {
            try readings(of: path, every: Configuration().interval, progress) { _ = detector.observe($0) }
        }
        return detector.trainingSet() ?? TrainingSet(joining: [], shipped: shipped)
    }

    static func table(_ path: String) throws -> WindowTable {
        do {
            return try WindowTable(String(contentsOfFile: path, encoding: .utf8))
        } catch let error as WindowTableError {
            throw InputError(description: "\(path): \(error)")
        }
    }

    /// The readings of a capture, with progress on a terminal.
    static func readings(
        of path: String, every interval: Duration, _ progress: ReplayProgress,
        _ body: (Reading) throws -> Void
    ) throws {
        let source = try CaptureSource([Capture(path: path)])
        var now = source.firstTime
        while let next = source.nextTime {
            now = max(now + interval, next - interval)
            try body(source.read(at: now))
            progress.show(now)
        }
        progress.clear()
        progress.next()
        // What is made of half a capture is worth nothing.
        if let failure = source.failure { throw failure }
        warn(of: source.leftOut)
    }
}

extension String {
    /// Whether this is the path of an agent's database.
    var isDatabase: Bool { hasSuffix(".db") }
}

/// An input that cannot be used.
struct InputError: Error, CustomStringConvertible {
    let description: String
}
