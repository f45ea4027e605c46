package import Features
package import Models
import Traffic

/// What is usual on one network: trained by the agent itself from that network's traffic.
package struct SiteModel: Sendable {
    /// One view's parts.
    package struct View: Sendable {
        package let scaler: RobustScaler
        package let model: TrainedModel
        /// Distribution of the model's score while learning, log-compressed.
        package let tail: PeaksOverThreshold
        /// Distribution of the opinion of both models while learning.
        package let opinion: PeaksOverThreshold
        /// How much the scores hang on each feature, and how much of the variance each principal component holds: shares.
        package let importance: [Float]
        package let spectrum: [Float]
        /// What it was trained on.
        package let reference: Reference
    }

    /// As in the file's header: kind of a site's model.
    static let kind = "sluice site"
    private static let provenancePrefix = "provenance."

    package let name: String
    /// Span of traffic that it has seen.
    package let learned: Duration
    /// Windows an hour while learning, one a second for each entity.
    package let windowsPerHour: Double
    package let source: View
    package let destination: View
    /// Where it comes from, for people: seed, rows, program version, traffic.
    package var provenance: [String: String] = [:]
    static let groupKey = "group"

    /// The policy group whose windows it was trained on; `nil`: those of the network.
    package var group: String? { provenance[Self.groupKey] }

    package init(name: String, learned: Duration, windowsPerHour: Double, source: View, destination: View) {
        self.name = name
        self.learned = learned
        self.windowsPerHour = windowsPerHour
        self.source = source
        self.destination = destination
    }

    package init(file: ModelFile) throws(ModelFileError) {
        try ModelHeader.check(file, kind: Self.kind)
        name = try file.text("name")
        guard let milliseconds = Int64(try file.text("learnedMilliseconds")), milliseconds >= 0,
            let windows = Double(try file.text("windowsPerHour")), windows.isFinite, windows >= 0
        else { throw .malformed("the header's numbers are none") }
        learned = .milliseconds(milliseconds)
        windowsPerHour = windows
        source = try View(file, prefix: "source.", kind: Self.kind("model", in: file))
        let other = file.metadata["destination.model"] == nil ? "model" : "destination.model"
        destination = try View(file, prefix: "destination.", kind: Self.kind(other, in: file))
        for (key, text) in file.metadata where key.hasPrefix(Self.provenancePrefix) {
            provenance[String(key.dropFirst(Self.provenancePrefix.count))] = text
        }
    }

    private static func kind(_ key: String, in file: ModelFile) throws(ModelFileError) -> ModelKind {
        let text = try file.text(key)
        guard let kind = ModelKind(rawValue: text) else {
            throw .missing("a known kind of model (it has '\(text)')")
        }
        return kind
    }

    package var file: ModelFile {
        var file = ModelFile()
        file.metadata = [
            "kind": Self.kind, "model": kind.rawValue, "schema": FeatureSchema.identity, "name": name,
            "learnedMilliseconds": "\(learned.milliseconds)", "windowsPerHour": "\(windowsPerHour)",
        ]
        if destination.model.kind != kind {
            file.metadata["destination.model"] = destination.model.kind.rawValue
        }
        for (key, text) in provenance { file.metadata[Self.provenancePrefix + key] = text }
        source.put(into: &file, prefix: "source.")
        destination.put(into: &file, prefix: "destination.")
        return file
    }

    /// Of the source view; the destination view's may be another, where only one of them had labels to learn from.
    package var kind: ModelKind { source.model.kind }

    /// Whether it has seen enough to have a say; before, it only tells what is usual in explanations.
    var isTrusted: Bool { learned >= .seconds(300) }

    package subscript(view: Entity.View) -> View { view == .source ? source : destination }
}

extension SiteModel.View {
    init(_ file: ModelFile, prefix: String, kind: ModelKind) throws(ModelFileError) {
        scaler = try file.scaler(prefix, width: FeatureSchema.count)
        model = try TrainedModel(file, prefix: prefix, kind: kind, width: FeatureSchema.count)
        tail = try file.peaksOverThreshold(prefix + "score.")
        opinion = try file.peaksOverThreshold(prefix + "opinion.")
        importance = try file.floats(prefix + "importance")
        spectrum = try file.floats(prefix + "spectrum")
        guard importance.count == FeatureSchema.count else {
            throw .malformed("'\(prefix)importance' weighs other features")
        }
        reference = try Reference(file, prefix: prefix + "reference.")
    }

    func put(into file: inout ModelFile, prefix: String) {
        file.set(prefix, scaler)
        model.put(into: &file, prefix: prefix)
        file.set(prefix + "score.", tail)
        file.set(prefix + "opinion.", opinion)
        file.set(prefix + "importance", importance)
        file.set(prefix + "spectrum", spectrum)
        reference.put(into: &file, prefix: prefix + "reference.")
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
