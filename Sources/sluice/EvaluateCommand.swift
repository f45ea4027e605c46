import ArgumentParser
import Configuration
import Detection
import Evaluation
import Foundation
import Models
import Rehearsal
import Terminal
import Traffic

/// The command `sluice evaluate`.
struct EvaluateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate", abstract: "Hold what the agent says of captures against their labels.",
        discussion: """
            Each capture is replayed by itself, on its own clock. Labels are CSV, NAME.csv for NAME.pcap, with the \
            columns start, end, attacker, victim, label, category and observable; without --labels, captures are \
            benign, and every alert is false. Intervals are of 95 %.

            An agent's database (.db) has no labels but what operators said by `sluice feedback`: the alerts that \
            were judged and the windows that were recorded are judged by the model in use, or with --folds by \
            models that were learned from other blocks of time.

            Rows: the agent's alerts, its blocks alone, and plain detectors on the same windows.
            """)

    @Argument(help: "Captures, or databases.", completion: .file(extensions: ["pcap", "pcapng", "db"]))
    var captures: [String]

    @Option(help: ArgumentHelp("Folder with the labels.", valueName: "folder"), completion: .directory)
    var labels: String?

    @Option(
        help: ArgumentHelp(
            "Learn from the first part of each capture, and judge the rest.", valueName: "duration"),
        transform: parseDuration)
    var learn: Duration?

    @Flag(help: "Judge each capture by a built-in model made of those others that hold no attack.")
    var leaveOneOut = false

    @Option(
        help: ArgumentHelp(
            "Cut each capture in so many parts, and judge each by a model learned from the others.",
            valueName: "number"))
    var folds: Int?

    @Option(
        help: ArgumentHelp(
            "Judge what another detector said beside: NAME.csv with the columns time, view, entity, score and alarm, in a folder that is named like the detector.",
            valueName: "folder"), completion: .directory)
    var beside: [String] = []

    @Option(
        help: ArgumentHelp(
            "Kind of model to learn with --folds, in place of the configuration's.", valueName: "kind"),
        completion: .words(of: ModelKind.self), transform: parseChoice)
    var model: ModelKind?

    @Option(
        help: ArgumentHelp(
            "Judge what was recorded for a policy group's own model, of databases.", valueName: "name"))
    var group: String?

    @Option(
        help: ArgumentHelp("Write a page with plots.", valueName: "file"),
        completion: .file(extensions: ["html"]))
    var report: String?

    @Option(
        help: ArgumentHelp("Configuration file.", valueName: "file"),
        completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @OptionGroup var output: OutputOptions

    func validate() throws {
        if let folds, !(2...20).contains(folds) {
            throw ValidationError("--folds \(folds): expected a number from 2 to 20")
        }
        if folds != nil, leaveOneOut || learn != nil {
            throw ValidationError(
                "--folds learns from the other parts: leave out --learn and --leave-one-out")
        }
        if group != nil, !captures.allSatisfy(\.isDatabase) {
            throw ValidationError(
                "--group is for databases: in captures, the groups of --config are found again")
        }
        if model != nil, folds == nil { throw ValidationError("--model needs --folds") }
        if captures.contains(where: \.isDatabase),
            leaveOneOut || learn != nil || labels != nil || !beside.isEmpty
        {
            throw ValidationError("databases have their own labels and windows: only --folds goes with them")
        }
        if leaveOneOut, captures.count < 2 { throw ValidationError("--leave-one-out needs several captures") }
    }

    /// One detector's judgement over all captures.
    private struct Total {
        var detector: String
        var judgement = Judgement()
    }

    func run() async throws {
        try await finish {
            let configuration = try config.map { try Configuration(file: $0) } ?? Configuration()
            let run = EvaluationRun(configuration: configuration, learning: learn)
            let progress = ReplayProgress(of: captures.count)
            let labels = try captures.map { $0.isDatabase ? [] : try readLabels(of: $0) }
            var rows: [Figures] = []
            var totals: [Total] = []
            var page = HTMLReport(title: "Sluice: \(counted(captures.count, "capture")) judged")
            for (index, path) in captures.enumerated() {
                let judged =
                    path.isDatabase
                    ? try judge(database: path, configuration)
                    : try judge(captures[index], labels: labels, run) { progress.show($0) }
                let figures = judged.judgements.map { measure($1, path, detector: $0) }
                for (detector, judgement) in judged.judgements {
                    if !totals.contains(where: { $0.detector == detector }) {
                        totals.append(Total(detector: detector))
                    }
                    for place in totals.indices where totals[place].detector == detector {
                        totals[place].judgement += judgement
                    }
                }
                rows += figures
                page.add(HTMLReport.Section(record: judged.record, labels: judged.labels, figures: figures))
                progress.next()
            }
            progress.clear()
            let curves = totals.map {
                Curves(attack: $0.judgement.attackScores, benign: $0.judgement.benignScores)
            }
            let all = zip(totals, curves).map {
                Figures($0.judgement, curves: $1, capture: "all", detector: $0.detector)
            }
            // Blocks are no scores of their own: their curves are the alerts'.
            page.add(
                summary: captures.count > 1 ? all : [],
                curves: zip(totals, curves).compactMap { total, curves in
                    total.detector == "blocks" ? nil : curves.map { (total.detector, $0) }
                })
            if let report { try page.text.write(toFile: report, atomically: true, encoding: .utf8) }
            let list = captures.count > 1 ? rows + all : rows
            return try Printout(list, rows: list, nothing: "no captures", at: .now)
                .text(as: output.format, on: .standardOutput)
        }
    }

    /// Judges what an agent has recorded by what operators said of its alerts.
    private func judge(database path: String, _ configuration: Configuration) throws -> Judged {
        let windows = try RecordedWindows(path: path, group: group, shipped: .embedded())
        let accepted = configuration.detection.falseAlarmsPerDay
        let kind = model ?? ModelKind(configuration.detection.model)
        let result =
            try folds.map { try windows.folds($0, kind: kind, falseAlarmsPerDay: accepted) }
            ?? windows.model(falseAlarmsPerDay: accepted)
        let results = [windows.alerts] + [result].compactMap(\.self)
        return Judged(
            record: results[results.count - 1].record, labels: windows.alerts.labels,
            judgements: results.map { ($0.detector, $0.judgement) })
    }

    private struct Judged {
        var record = Record()
        var labels: [Label] = []
        var judgements: [(String, Judgement)] = []
    }

    private func judge(
        _ path: String, labels: [[Label]], _ run: EvaluationRun, progress: (Timestamp) -> Void
    ) throws -> Judged {
        guard let index = captures.firstIndex(of: path) else { return Judged() }
        let own = labels[index]
        if let folds { return try judge(path, labels: own, folds: folds, run, progress: progress) }
        var shipped: ShippedModel?
        if leaveOneOut {
            let others = captures.indices.filter { $0 != index && labels[$0].isEmpty }.map { captures[$0] }
            shipped = try run.shippedModel(of: others, progress: progress)
        }
        let result = try run.replay(path, shipped: shipped, progress: progress)
        warn(of: result.leftOut)
        let start = result.agent.firstTime + (learn?.seconds ?? 0)
        let span = start..<max(start, result.agent.lastTime)
        let records =
            [("alerts", result.agent), ("blocks", result.agent.blocksOnly)]
            + result.baselines.map { ($0.kind.rawValue, $0.record) }
            + (try beside.map { try foreign($0, path, span: result.agent) })
        return Judged(
            record: result.agent, labels: own,
            judgements: records.map { ($0, Judgement($1, labels: own, in: span)) })
    }

    /// Judges each part of a capture by a model that was learned from the other parts.
    private func judge(
        _ path: String, labels: [Label], folds: Int, _ run: EvaluationRun, progress: (Timestamp) -> Void
    ) throws -> Judged {
        let result = try run.replay(path, progress: progress)
        warn(of: result.leftOut)
        let whole = result.agent
        let length = (whole.lastTime - whole.firstTime) / Double(folds)
        var judgements = [("alerts", Judgement()), ("blocks", Judgement())]
        for fold in 0..<folds {
            let start = whole.firstTime + Double(fold) * length
            let span = start..<(fold == folds - 1 ? whole.lastTime : start + length)
            let site = try run.siteModel(of: path, without: span, kind: model, progress: progress)
            let record = try run.replay(path, site: site, progress: progress).agent
            // An attack that goes on from one part into the next counts where it begins.
            let begun = labels.filter { span.contains($0.start) }
            judgements[0].1 += Judgement(record, labels: begun, in: span)
            judgements[1].1 += Judgement(record.blocksOnly, labels: begun, in: span)
        }
        return Judged(record: whole, labels: labels, judgements: judgements)
    }

    private func readLabels(of path: String) throws -> [Label] {
        guard let labels else { return [] }
        let file = URL(filePath: labels).appending(path: name(path) + ".csv")
        return try read(file, by: Label.read)
    }

    /// What another detector said of a capture.
    private func foreign(_ folder: String, _ path: String, span: Record) throws -> (String, Record) {
        let folder = URL(filePath: folder)
        var record = try read(folder.appending(path: name(path) + ".csv"), by: Record.init(csv:))
        (record.firstTime, record.lastTime) = (span.firstTime, span.lastTime)
        return (folder.lastPathComponent, record)
    }

    private func read<Result>(_ file: URL, by read: (String) throws(CSVError) -> Result) throws -> Result {
        do {
            return try read(try String(contentsOf: file, encoding: .utf8))
        } catch let error as CSVError {
            throw ValidationError("\(file.path): \(error)")
        }
    }

    private func measure(_ judgement: Judgement, _ path: String, detector: String) -> Figures {
        let curves = Curves(attack: judgement.attackScores, benign: judgement.benignScores)
        var figures = Figures(judgement, curves: curves, capture: name(path), detector: detector)
        if path.isDatabase { figures.forgetDelays() }
        // What nobody alerted on is not known.
        if path.isDatabase, detector == RecordedWindows.told { figures.forgetMisses() }
        return figures
    }

    private func name(_ path: String) -> String {
        var file = URL(filePath: path)
        if ["gz", "zst", "xz"].contains(file.pathExtension) { file.deletePathExtension() }
        return file.deletingPathExtension().lastPathComponent
    }
}

extension Figures: ListRow {
    /// For people three digits, with the interval if there is one.
    private static func number(
        _ name: String, _ title: String, dispensability: Int = 0, _ value: @escaping (Figures) -> Double?,
        _ interval: @escaping (Figures) -> Interval? = { _ in nil }
    ) -> Column<Figures> {
        Column(name, title, .right, dispensability: dispensability, value: value) { row in
            let words = [HTMLReport.short(value(row)), HTMLReport.between(interval(row))]
            return Table.Cell(words.filter { !$0.isEmpty }.joined(separator: " "))
        }
    }

    static func columns(at now: Timestamp) -> [Column<Figures>] {
        [
            Column("capture", "CAPTURE", value: { $0.capture }),
            Column("detector", "DETECTOR", value: { $0.detector }),
            Column("detected", "FOUND", .right, value: { $0.detected }),
            Column("attacks", "OF", .right, value: { $0.attacks }),
            number("recall", "RECALL (95 %)", dispensability: 2, { $0.recall }, { $0.recallInterval }),
            number(
                "precision", "PRECISION (95 %)", dispensability: 4, { $0.precision }, { $0.precisionInterval }
            ),
            number("f1", "F1", dispensability: 8, { $0.f1 }),
            number("rocArea", "ROC", dispensability: 9, { $0.rocArea }),
            number("prArea", "PR", dispensability: 10, { $0.prArea }),
            number("secondsToDetect50", "P50 s", dispensability: 6, { $0.secondsToDetect50 }),
            number("secondsToDetect90", "P90 s", dispensability: 3, { $0.secondsToDetect90 }),
            number(
                "falseAlarmsPerHour", "FALSE/h (95 %)", { $0.falseAlarmsPerHour }, { $0.falseAlarmsInterval }),
            Column("victimsBlamed", "VICTIMS", .right, dispensability: 5, value: { $0.victimsBlamed }),
            Column("falseEntities", "ADDRESSES", .right, dispensability: 7, value: { $0.falseEntities }),
            Column(
                "byCategory", "BY CATEGORY", isFlexible: true, dispensability: 1, value: { $0.categories }),
        ]
    }
}
