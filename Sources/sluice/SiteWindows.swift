import Configuration
import Detection
import Foundation
import Replay
import Traffic

/// Windows out of what is named on the command line.
enum SiteWindows {
    /// What an agent would learn from captures of one network, or what tables of windows hold.
    static func read(_ inputs: [String], shipped: ShippedModel) throws -> TrainingSet {
        let tables = inputs.filter { $0.hasSuffix(".csv") }
        guard tables.isEmpty else {
            guard tables.count == inputs.count else {
                throw InputError(description: "captures and tables of windows cannot be mixed: name either")
            }
            let sets = try tables.map { TrainingSet(try table($0), shipped: shipped) }
            return sets.count == 1 ? sets[0] : TrainingSet(joining: sets, shipped: shipped)
        }
        var configuration = DetectionConfiguration()
        configuration.learnDuration = .seconds(1 << 40)
        let detector = Detector(configuration: configuration, shippedModel: shipped)
        for path in inputs {
            try readings(of: path, every: Configuration().interval) { _ = detector.observe($0) }
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
    static func readings(of path: String, every interval: Duration, _ body: (Reading) throws -> Void) throws {
        let progress = ReplayProgress()
        let source = try CaptureSource([Capture(path: path)])
        var now = source.firstTime
        while let next = source.nextTime {
            now = max(now + interval, next - interval)
            try body(source.read(at: now))
            progress.show(now)
        }
        progress.clear()
        // What is made of half a capture is worth nothing.
        if let failure = source.failure { throw failure }
    }
}

/// An input that cannot be used.
struct InputError: Error, CustomStringConvertible {
    let description: String
}
