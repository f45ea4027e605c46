import ArgumentParser
import Detection
import Features
import Foundation
import Models
import Terminal
import Traffic

/// The command `sluice model inspect`.
struct ModelInspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show what a model file holds: kind, origin, calibration, and which features count.",
        discussion: """
            Importance is the share by which scores rise when usual windows get each other's values of a feature. With --windows, it is \
            what the area under the ROC curve loses by that among labelled windows, so that it says which features tell these attacks \
            apart. The spectrum is the share of the variance that each principal component of the usual windows holds.
            """)

    @Argument(help: "Model file of a site.", completion: .file(extensions: ["safetensors"]))
    var file: String

    @Option(
        help: ArgumentHelp("Labelled windows to weigh features by.", valueName: "table"),
        completion: .file(extensions: ["csv"]))
    var windows: String?

    @OptionGroup var output: OutputOptions

    func run() async throws {
        try await finish {
            let bytes = Array(try Data(contentsOf: URL(filePath: file)))
            let rows = try windows.map { try SiteWindows.table($0).rows }
            let report = try ModelReport(ModelFile(bytes), size: bytes.count, windows: rows)
            return try Printout(report) { report.text(on: $0) }.text(as: output.format, on: .standardOutput)
        }
    }
}

/// What a model file holds, for people and programs.
private struct ModelReport: Encodable {
    struct View: Encodable {
        struct Weight: Encodable {
            var feature: String
            var share: Double
        }

        struct Calibration: Encodable {
            /// ln(1 + score) where the tail begins, the share of windows beyond, and the tail's shape and scale.
            var start: Double
            var share: Double
            var shape: Double
            var scale: Double
        }

        var view: String
        /// Principal components that the model sees; none: it sees the features.
        var components: Int?
        var calibration: Calibration
        /// Of the labelled windows.
        var rocArea: Double?
        var importance: [Weight]
        var spectrum: [Double]
    }

    var name: String
    var kind: String
    var schema: String
    var bytes: Int
    var learnedSeconds: Double
    var windowsPerHour: Double
    var provenance: [String: String]
    var views: [View]

    init(_ file: ModelFile, size: Int, windows: [WindowTable.Row]?) throws {
        let model = try SiteModel(file: file)
        name = model.name
        kind = model.kind.rawValue
        schema = try file.text("schema")
        bytes = size
        learnedSeconds = model.learned / .seconds(1)
        windowsPerHour = model.windowsPerHour
        provenance = model.provenance
        views = Entity.View.allCases.map { side in
            let view = model[side]
            let labelled = windows.flatMap { model.importance(by: $0, in: side) }
            let shares = labelled?.losses ?? view.importance.map { Double($0) }
            return View(
                view: side.rawValue, components: view.model.projection?.width,
                calibration: View.Calibration(
                    start: view.tail.start, share: view.tail.tailShare, shape: view.tail.shape,
                    scale: view.tail.scale),
                rocArea: labelled?.area,
                importance: zip(FeatureSchema.features, shares)
                    .map { View.Weight(feature: $0.name, share: $1) }.sorted { $0.share > $1.share },
                spectrum: view.spectrum.map { Double($0) })
        }
    }

    func text(on screen: Screen) -> String {
        var fields = Fields()
        fields.add("Model", "\(name), \(kind), \(Double(bytes).bytes)")
        fields.add("Schema", schema)
        fields.add(
            "Learned", "\(Int(learnedSeconds)) s of traffic, \(Int(windowsPerHour)) windows an hour")
        for (key, value) in provenance.sorted(by: { $0.key < $1.key }) { fields.add(key.capitalized, value) }
        for view in views { view.add(to: &fields) }
        return fields.text(on: screen)
    }
}

extension ModelReport.View {
    fileprivate func add(to fields: inout Fields) {
        fields.add("", "")
        fields.add("View", view + (components.map { ", by \($0) principal components" } ?? ""))
        fields.add(
            "Tail",
            "\(calibration.share.percent) of usual windows beyond \(rounded(calibration.start)), shape "
                + "\(rounded(calibration.shape)), scale \(rounded(calibration.scale))")
        if let rocArea { fields.add("ROC area", rounded(rocArea)) }
        let heading = rocArea == nil ? "Importance" : "Loses"
        let most = importance.prefix(8).map {
            "\($0.feature) \(rocArea == nil ? $0.share.percent : rounded($0.share))"
        }
        fields.add(heading, most.joined(separator: ", "))
        var sum = 0.0
        let needed = [0.5, 0.9, 0.99].map { goal in
            sum = 0
            let count = spectrum.firstIndex { share in
                sum += share
                return sum >= goal
            }
            return "\(goal.percent) in \((count ?? spectrum.count - 1) + 1)"
        }
        fields.add("Spectrum", needed.joined(separator: ", ") + " of \(spectrum.count) components")
    }

    private func rounded(_ number: Double) -> String { String(format: "%.3f", number) }
}

extension Double {
    /// `12.3 %`.
    fileprivate var percent: String { String(format: "%.1f %%", self * 100) }
}
