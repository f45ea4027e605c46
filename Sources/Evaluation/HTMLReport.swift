package import Models
import Traffic

/// An evaluation as one HTML page that needs nothing else.
package struct HTMLReport {
    /// One capture's part.
    package struct Section: Sendable {
        package var record: Record
        package var labels: [Label]
        package var figures: [Figures]

        package init(record: Record, labels: [Label], figures: [Figures]) {
            self.record = record
            self.labels = labels
            self.figures = figures
        }
    }

    private let title: String
    private var summary = ""
    private var sections = ""

    package init(title: String) { self.title = title }

    /// All captures together: a table if there are several, and the curves of those detectors that have both kinds of windows.
    package mutating func add(summary: [Figures], curves: [(name: String, curves: Curves)]) {
        if !summary.isEmpty { self.summary += "<h2>All captures</h2>" + Self.table(summary) }
        guard !curves.isEmpty else { return }
        let roc = curves.map { Plot.Line(name: $0.name, points: $0.curves.roc) }
        let pr = curves.map { Plot.Line(name: $0.name, points: Self.stepped($0.curves.pr)) }
        self.summary +=
            "<figure>\(Plot.square(roc, x: "benign windows above the threshold", y: "attack windows above it"))"
        self.summary +=
            "\(Plot.square(pr, x: "recall", y: "precision"))<figcaption>ROC, and precision over recall, of windows"
        self.summary += "</figcaption></figure>"
    }

    /// Precision over recall as the area counts it: each point's precision holds from the recall before it.
    private static func stepped(_ points: [Curves.Point]) -> [Curves.Point] {
        var x = 0.0
        return points.flatMap { point in
            defer { x = point.x }
            return [Curves.Point(x: x, y: point.y), point]
        }
    }

    package mutating func add(_ section: Section) {
        guard let name = section.figures.first?.capture else { return }
        sections += "<h2>\(Plot.escaped(name))</h2>" + Self.table(section.figures)
        sections +=
            "<figure>\(Plot.course(section.record, labels: section.labels))<figcaption>Highest score of each moment; "
        sections +=
            "bands are attacks, marks below are alerts (hollow) and blocks (filled)</figcaption></figure>"
        let missed = section.figures.first?.missed ?? []
        if !missed.isEmpty { sections += "<p>Missed: \(Plot.escaped(missed.joined(separator: ", ")))</p>" }
    }

    package var text: String {
        """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><title>\(Plot.escaped(title))</title><style>
        body { font: 14px/1.45 system-ui, sans-serif; margin: 2em auto; max-width: 1180px; padding: 0 1em; color: #1c2733 }
        table { border-collapse: collapse } td, th { padding: .25em .7em; text-align: right; border-bottom: 1px solid #d7dde3; white-space: nowrap }
        td:first-child, th:first-child { text-align: left } figure { margin: 1em 0 } svg { max-width: 100% }
        svg text { font: 11px system-ui, sans-serif; fill: #51606e } .grid { stroke: #e3e8ed } .attack { fill: #f8c9b8 }
        .alert { fill: #fff; stroke: #c2410c } .block { fill: #c2410c } figcaption { color: #51606e }
        </style></head><body>
        <h1>\(Plot.escaped(title))</h1>
        \(summary)
        \(sections)
        </body></html>

        """
    }

    private static func table(_ figures: [Figures]) -> String {
        let titles = [
            "detector", "found", "recall (95 %)", "precision (95 %)", "F1", "ROC area", "PR area", "p50 s",
            "p90 s",
            "false/h (95 %)", "victims", "addresses",
        ]
        var html = "<table><tr>\(titles.map { "<th>\($0)</th>" }.joined())</tr>"
        for row in figures {
            let cells = [
                row.detector, "\(row.detected)/\(row.attacks)",
                "\(short(row.recall)) \(between(row.recallInterval))",
                "\(short(row.precision)) \(between(row.precisionInterval))", short(row.f1),
                short(row.rocArea), short(row.prArea), short(row.secondsToDetect50),
                short(row.secondsToDetect90),
                "\(short(row.falseAlarmsPerHour)) \(between(row.falseAlarmsInterval))",
                "\(row.victimsBlamed)",
                "\(row.falseEntities)",
            ]
            html += "<tr>\(cells.map { "<td>\(Plot.escaped($0))</td>" }.joined())</tr>"
        }
        html += "</table>"
        let categories = figures.filter { !$0.byCategory.isEmpty }.map { "\($0.detector): \($0.categories)" }
        return html + categories.map { "<p>Found by \(Plot.escaped($0))</p>" }.joined()
    }

    /// To three digits behind the point.
    package static func short(_ value: Double?) -> String {
        guard let value else { return "-" }
        return "\((value * 1000).rounded() / 1000)"
    }

    /// An interval in words, or nothing.
    package static func between(_ interval: Interval?) -> String {
        interval.map {
            "(\(short(($0.low * 100).rounded() / 100)) to \(short(($0.high * 100).rounded() / 100)))"
        } ?? ""
    }
}
