package import Features
package import Traffic

/// Why a table of windows cannot be read.
package struct WindowTableError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Counted from 1; the header is line 1.
    package let line: Int
    package let message: String

    package var description: String {
        "line \(line) of the table of windows: \(message)"
    }
}

/// Windows as comma-separated values: `view`, `label` and the 68 features by their names, in any order.
///
/// `view` is `source` or `destination`. There may be `label` (`good`, `bad` or nothing, which is good) and `time` (seconds,
/// from any origin). Columns of other names are let be, so that notes can stand beside.
package struct WindowTable: Sendable {
    /// One window.
    package struct Row: Sendable {
        package let view: Entity.View
        package let isAttack: Bool
        /// In the order of the schema.
        package let features: [Float]
    }

    /// The header that `line(of:in:at:)` writes lines for.
    package static let header =
        (["time", "view", "entity", "label"] + FeatureSchema.features.map(\.name)).joined(separator: ",")

    package let rows: [Row]
    /// From the first time to the last, if there are times; windows without are taken for an hour's.
    package let span: Duration

    /// Reads a table.
    package init(_ text: String) throws(WindowTableError) {
        // "\r\n" is one character.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        let names = (lines.first ?? "").split(separator: ",", omittingEmptySubsequences: false).map(
            String.init)
        guard let view = names.firstIndex(of: "view") else {
            throw WindowTableError(
                line: 1, message: "there is no column 'view'; the first line names the columns")
        }
        var columns: [Int] = []
        for feature in FeatureSchema.features {
            guard let column = names.firstIndex(of: feature.name) else {
                throw WindowTableError(line: 1, message: "there is no column '\(feature.name)'")
            }
            columns.append(column)
        }
        let label = names.firstIndex(of: "label")
        let time = names.firstIndex(of: "time")
        var times: [Double] = []
        var rows: [Row] = []
        for (index, line) in lines.enumerated().dropFirst() where !line.isEmpty {
            let fields = line.split(separator: ",", omittingEmptySubsequences: false)
            guard fields.count == names.count else {
                throw WindowTableError(
                    line: index + 1, message: "it has \(fields.count) fields, and the header \(names.count)")
            }
            if let time { times.append(try Self.number(fields[time], line: index + 1)) }
            var features: [Float] = []
            for column in columns { features.append(Float(try Self.number(fields[column], line: index + 1))) }
            rows.append(
                Row(
                    view: try Self.view(fields[view], line: index + 1),
                    isAttack: try label.map { column throws(WindowTableError) in
                        try Self.isAttack(fields[column], line: index + 1)
                    } ?? false,
                    features: features))
        }
        self.rows = rows
        span = times.isEmpty ? .seconds(3600) : .seconds(Double((times.max() ?? 0) - (times.min() ?? 0)))
    }

    /// One window of a batch as a line, without a label.
    package static func line(of row: Int, in batch: WindowBatch, at time: Timestamp) -> String {
        let entity = batch.windows[row].entity
        return "\(time.seconds),\(entity.view.rawValue),\(entity.prefix),,"
            + batch.features(of: row).map { "\($0)" }.joined(separator: ",")
    }

    private static func view(_ text: Substring, line: Int) throws(WindowTableError) -> Entity.View {
        guard let view = Entity.View(rawValue: String(text)) else {
            throw WindowTableError(line: line, message: "view is '\(text)', and not source or destination")
        }
        return view
    }

    private static func isAttack(_ text: Substring, line: Int) throws(WindowTableError) -> Bool {
        switch text {
        case "", "good": return false
        case "bad": return true
        default:
            throw WindowTableError(line: line, message: "label is '\(text)', and not good, bad or nothing")
        }
    }

    private static func number(_ text: Substring, line: Int) throws(WindowTableError) -> Double {
        guard let number = Double(text), abs(number) <= 1e12 else {
            throw WindowTableError(line: line, message: "'\(text)' is no number")
        }
        return number
    }
}

extension TrainingSet {
    /// The windows of several sets, all of them.
    package init(joining sets: [TrainingSet], shipped: ShippedModel) {
        self.init(merging: sets, maximumRows: .max, shipped: shipped)
        source.attacks = sets.flatMap(\.source.attacks)
        destination.attacks = sets.flatMap(\.destination.attacks)
        outdated = sets.reduce((0, 0)) { ($0.0 + $1.outdated.recordings, $0.1 + $1.outdated.alerts) }
    }

    /// Windows of a table, one a second for each entity; those labelled as attacks apart.
    package init(_ table: WindowTable, shipped: ShippedModel) {
        self.init(shipped: shipped)
        learned = table.span
        for row in table.rows {
            add(row.features, of: row.view, isAttack: row.isAttack)
        }
        windowsPerHour = Double(source.count) / max(learned / .seconds(3600), 1e-6)
    }
}
