import Configuration
package import Detection
package import Evaluation
import Features
package import Models
import Policy
import Store
import Traffic

/// What an agent's database has to learn from and to judge by: recorded windows, and alerts that operators have judged.
package struct RecordedWindows {
    private struct Part {
        var started, ended: Timestamp
        var windows: TrainingSet
    }

    private let shipped: ShippedModel
    private let group: String?
    /// Recordings, oldest first.
    private let parts: [Part]
    /// Alerts that operators have judged, oldest first, with the windows that they were about.
    private let judged: [Alert]
    private let champion: SiteModel?
    /// Recordings and judged alerts of features that are not this version's, or not known.
    private let outdated: (recordings: Int, alerts: Int)

    /// Opens the database at `path`, in which an agent may be writing.
    ///
    /// With `group` it is about the policy group's own model: what was recorded for that, and alerts that it judged.
    ///
    /// - Throws: `StoreError` if it cannot be read.
    package init(path: String, group: String? = nil, shipped: ShippedModel) throws {
        let store = try Store(reading: path)
        self.shipped = shipped
        self.group = group
        // Recordings and models of another version's features are of no use any more, and no error.
        let recordings = try store.recordings(after: Timestamp(nanoseconds: .min), of: group)
        parts = recordings.compactMap { recording in
            let set = try? TrainingSet(file: ModelFile(recording.data), shipped: shipped)
            return set.map { Part(started: recording.started, ended: recording.ended, windows: $0) }
        }
        // What a group's own model said of a window is told by the names that verdicts carry.
        let owners = Dictionary(try store.models().map { ($0.id, $0.group) }) { first, _ in first }
        let alerts = try store.judgedAlerts().filter { alert in
            let names = alert.verdict.model.split(separator: " + ").map(String.init)
            return names.compactMap { owners[$0] ?? nil }.first == group
        }
        judged = alerts.filter {
            $0.verdict.schema == FeatureSchema.identity && $0.verdict.row.count == FeatureSchema.count
        }
        outdated = (recordings.count - parts.count, alerts.count - judged.count)
        champion = try store.model(.champion, of: group).flatMap { try? SiteModel(file: ModelFile($0.data)) }
    }

    /// Everything: recorded windows as usual, and those of alerts as operators have judged them.
    package var trainingSet: TrainingSet { trainingSet(without: nil) }

    /// The same without what lies in a span of time.
    private func trainingSet(without span: Range<Timestamp>?) -> TrainingSet {
        let kept = parts.filter { span?.contains($0.ended) != true }
        var set = TrainingSet(merging: kept.map(\.windows), maximumRows: .max, shipped: shipped)
        set.group = group
        set.outdated = outdated
        for alert in judged where span?.contains(alert.verdict.time) != true {
            set.add(alert.verdict.row, of: alert.verdict.entity.view, isAttack: alert.feedback == .good)
        }
        return set
    }

    /// What is to be said of one detector.
    package struct Result {
        package var detector: String
        package var judgement: Judgement
        /// The judged alerts, with the detector's scores.
        package var record: Record
        package var labels: [Label]
    }

    /// Name of that which was told, beside models' names.
    package static let told = "alerts as told"

    /// What was alerted on, held against what operators say of it.
    ///
    /// What nobody alerted on is not known, so this has precision and no recall.
    package var alerts: Result {
        var result = Result(detector: Self.told, judgement: Judgement(), record: Record(), labels: labels)
        add(judged, to: &result) { $0.map { ($0.verdict.score, true) } }
        result.judgement.hours = hours(of: parts)
        return result
    }

    /// Recorded windows and judged alerts by the model in use; `nil` if there is none.
    package func model(falseAlarmsPerDay: Double) -> Result? {
        champion.map { model in
            var result = Result(
                detector: model.name, judgement: Judgement(), record: Record(), labels: labels)
            judge(parts, judged, by: model, falseAlarmsPerDay, into: &result)
            return result
        }
    }

    /// Likewise, each of `count` blocks of time by a model that was trained on the others.
    ///
    /// - Throws: `TrainingError` if there are too few windows in the others.
    package func folds(_ count: Int, kind: ModelKind, falseAlarmsPerDay: Double) throws -> Result {
        guard parts.count >= count else {
            throw RecordedWindowsError.tooFewRecordings(found: parts.count, needed: count)
        }
        var result = Result(
            detector: "\(kind.rawValue), \(count) folds", judgement: Judgement(), record: Record(),
            labels: labels)
        for fold in 0..<count {
            let block = parts[fold * parts.count / count..<(fold + 1) * parts.count / count]
            // Alerts belong to the block that they fell into; the first and the last one reach as far as there are any.
            let start =
                fold == 0 ? Timestamp(nanoseconds: .min) : parts[block.startIndex - 1].ended + .nanoseconds(1)
            let end =
                fold == count - 1
                ? Timestamp(nanoseconds: .max) : parts[block.endIndex - 1].ended + .nanoseconds(1)
            let model = try Trainer.train(trainingSet(without: start..<end), kind: kind, seed: 1)
            let alerts = judged.filter { (start..<end).contains($0.verdict.time) }
            judge(Array(block), alerts, by: model, falseAlarmsPerDay, into: &result)
        }
        return result
    }

    private func judge(
        _ parts: [Part], _ alerts: [Alert], by model: SiteModel, _ falseAlarmsPerDay: Double,
        into result: inout Result
    ) {
        for part in parts {
            for (view, rows) in [
                (.source, part.windows.source.rows), (.destination, part.windows.destination.rows),
            ]
                as [(Entity.View, [Float])]
            {
                let opinions = model.judge(
                    rows, in: view, shipped: shipped, falseAlarmsPerDay: falseAlarmsPerDay)
                result.judgement.benignScores += opinions.map(\.score)
                result.judgement.falseAlarms += opinions.count(where: \.isAlert)
            }
        }
        result.judgement.hours += hours(of: parts)
        add(alerts, to: &result) { alerts in
            alerts.map { alert in
                let opinion = model.judge(
                    alert.verdict.row, in: alert.verdict.entity.view, shipped: shipped,
                    falseAlarmsPerDay: falseAlarmsPerDay)
                return opinion.first ?? (0, false)
            }
        }
    }

    /// Adds judged alerts, and what a detector says of each.
    private func add(
        _ alerts: [Alert], to result: inout Result, opinions: ([Alert]) -> [(score: Double, isAlert: Bool)]
    ) {
        var blamed: Set<Entity> = []
        for (alert, opinion) in zip(alerts, opinions(alerts)) {
            let (time, entity) = (Double(alert.verdict.time.nanoseconds) / 1e9, alert.verdict.entity)
            result.record.windows.append(Record.Window(time: time, entity: entity, score: opinion.score))
            if result.record.windows.count == 1 { result.record.firstTime = time }
            result.record.lastTime = time
            if opinion.isAlert {
                result.record.alerts.append(
                    Record.Alert(time: time, entity: entity, isBlock: alert.action != .alert))
            }
            if alert.feedback == .good {
                result.judgement.attackScores.append(opinion.score)
                result.judgement.attacks.append(
                    Judgement.Attack(label: label(of: alert), delay: opinion.isAlert ? 0 : nil))
            } else {
                result.judgement.benignScores.append(opinion.score)
                guard opinion.isAlert else { continue }
                result.judgement.falseAlarms += 1
                blamed.insert(entity)
            }
        }
        result.judgement.falseEntities += blamed.count
    }

    private var labels: [Label] { judged.filter { $0.feedback == .good }.map(label) }

    /// An attack as far as it is known: somebody alerted on this window of it.
    private func label(of alert: Alert) -> Label {
        let time = Double(alert.verdict.time.nanoseconds) / 1e9
        return Label(
            start: time - 1, end: time, attackers: [alert.verdict.entity.prefix], victims: nil,
            name: "alert \(alert.id)", category: alert.verdict.reason)
    }

    /// The span that recorded windows stand for: of a busy hour, only a part is recorded.
    private func hours(of parts: [Part]) -> Double {
        parts.reduce(0) { $0 + Double($1.windows.source.count) / max($1.windows.windowsPerHour, 1) }
    }
}

/// Why recorded windows cannot be judged.
package enum RecordedWindowsError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Fewer recordings than blocks of time; an agent makes one an hour.
    case tooFewRecordings(found: Int, needed: Int)

    package var description: String {
        switch self {
        case .tooFewRecordings(let found, let needed):
            "there are \(found) recordings and \(needed) parts are asked for: an agent that has a model records one an hour"
        }
    }
}
