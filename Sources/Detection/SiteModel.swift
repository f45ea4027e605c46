package import Features
package import Models

/// What is usual on one network: trained by the agent itself from that network's traffic.
package struct SiteModel: Sendable {
    /// One view's parts.
    package struct View: Sendable {
        package let scaler: RobustScaler
        package let autoencoder: Autoencoder
        /// Distribution of the autoencoder's score while learning, log-compressed.
        package let tail: PeaksOverThreshold
        /// Distribution of the opinion of both models while learning.
        package let opinion: PeaksOverThreshold
    }

    /// As in the file's header: kind of a site's model.
    static let kind = "sluice site"

    package let name: String
    /// Span of traffic that it has seen.
    package let learned: Duration
    /// Windows an hour while learning, one a second for each entity.
    package let windowsPerHour: Double
    package let source: View
    package let destination: View

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
        source = try View(file, prefix: "source.")
        destination = try View(file, prefix: "destination.")
    }

    package var file: ModelFile {
        var file = ModelFile()
        file.metadata = [
            "kind": Self.kind, "schema": FeatureSchema.identity, "name": name,
            "learnedMilliseconds": "\(learned.milliseconds)", "windowsPerHour": "\(windowsPerHour)",
        ]
        source.put(into: &file, prefix: "source.")
        destination.put(into: &file, prefix: "destination.")
        return file
    }

    /// Whether it has seen enough to have a say; before, it only tells what is usual in explanations.
    var isTrusted: Bool { learned >= .seconds(300) }

    package subscript(view: Entity.View) -> View { view == .source ? source : destination }
}

extension SiteModel.View {
    init(_ file: ModelFile, prefix: String) throws(ModelFileError) {
        scaler = try file.scaler(prefix, width: FeatureSchema.count)
        autoencoder = try file.autoencoder(prefix + "autoencoder.", width: FeatureSchema.count)
        tail = try file.peaksOverThreshold(prefix + "score.")
        opinion = try file.peaksOverThreshold(prefix + "opinion.")
    }

    func put(into file: inout ModelFile, prefix: String) {
        file.set(prefix, scaler)
        file.set(prefix + "autoencoder.", autoencoder)
        file.set(prefix + "score.", tail)
        file.set(prefix + "opinion.", opinion)
    }
}

extension Duration {
    /// Whole milliseconds.
    var milliseconds: Int64 { components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000 }
}
