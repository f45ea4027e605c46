import Foundation
import Traffic

/// What became of one activity.
package struct BenignCount: Hashable, Sendable {
    /// What clients set out to do.
    package var errands = 0
    /// Programs that ended, and those among them with an error, as for hosts that are down.
    package var programs = 0
    package var failures = 0
    /// Not begun, because too much was going on.
    package var skipped = 0
}

/// What was done, for the table at the end and for whoever asks later whose traffic an alert was about.
actor BenignLog {
    /// More errands at a time than this mean that the machine is too slow for them.
    private static let most = 250

    private(set) var counts: [String: BenignCount] = [:]
    private var running = 0
    private var file: FileHandle?

    /// Writes a CSV file, a line an errand, unless `path` is `nil`.
    ///
    /// - Throws: `LabError` if it cannot be written.
    init(path: String?) throws {
        guard let path else { return }
        guard FileManager.default.createFile(atPath: path, contents: nil) else {
            throw LabError("cannot write '\(path)'")
        }
        file = FileHandle(forWritingAtPath: path)
        try file?.write(contentsOf: Data("start,end,activity,client,server\n".utf8))
    }

    /// Whether there is room for one more errand, which then has begun.
    func begin(_ activity: String) -> Bool {
        guard running < Self.most else {
            counts[activity, default: BenignCount()].skipped += 1
            return false
        }
        running += 1
        counts[activity, default: BenignCount()].errands += 1
        return true
    }

    func record(_ activity: String, isSuccess: Bool) {
        counts[activity, default: BenignCount()].programs += 1
        if !isSuccess { counts[activity, default: BenignCount()].failures += 1 }
    }

    func end(_ entry: BenignPlan.Entry, from start: Timestamp) {
        running -= 1
        let line =
            "\(start.epochSeconds),\(Timestamp.now.epochSeconds),\(entry.activity),\(entry.errand.client),\(entry.errand.server)\n"
        try? file?.write(contentsOf: Data(line.utf8))
    }
}

extension Timestamp {
    /// With microseconds.
    fileprivate var epochSeconds: Double { Double(nanoseconds / 1000) / 1e6 }
}
