import ArgumentParser
import Configuration
import Detection
import Features
import Foundation
import Models
import Rehearsal
import Replay
import Signing
import Terminal
import Traffic

/// The command `sluice train`.
struct TrainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train a model of a site, or make the one that comes with the program.",
        discussion: """
            With --model, the inputs are traffic of one network: captures, tables of windows as `sluice windows` \
            prints them (.csv), or an agent's database (.db), with the windows that it has recorded and the \
            alerts that were judged by `sluice feedback`. The result is what an agent would have learned there. \
            Boosted trees (`trees`) learn from windows that are labelled in tables or were judged.

            Without, each capture is taken as a network of its own, with benign traffic only, and the result is \
            the model that comes with the program (Sources/Detection/Resources/default.safetensors).
            """)

    @Argument(
        help: "Captures, tables of windows, or databases.",
        completion: .file(extensions: ["pcap", "pcapng", "csv", "db"]))
    var inputs: [String]

    @Option(help: ArgumentHelp("Where to write the model.", valueName: "file"))
    var output: String

    @Option(
        help: ArgumentHelp(
            "Kind of a site's model: \(ModelKind.allCases.map(\.rawValue).joined(separator: ", ")).",
            valueName: "kind"),
        completion: .words(of: ModelKind.self), transform: parseChoice)
    var model: ModelKind?

    @Option(
        help: ArgumentHelp(
            "Train the model of a policy group, with --model: of a database, on what was recorded for its own model.",
            valueName: "name"))
    var group: String?

    @Option(
        help: ArgumentHelp(
            "Let the model see principal components instead of features: so many (2 and more), or as many as hold this share of the variance (below 1).",
            valueName: "number"),
        transform: parseComponents)
    var pca: PrincipalAxes.Limit?

    @Option(help: ArgumentHelp("Where random numbers start from, with --model.", valueName: "number"))
    var seed: UInt64 = 1

    @Option(
        help: ArgumentHelp(
            "Sign the model by the key in this file, with --model: an agent's is beside its database. If there is none, it is made.",
            valueName: "file"))
    var signWith: String?

    @Option(help: ArgumentHelp("Name and version of the built-in model.", valueName: "name"))
    var name = "default-1"

    func validate() throws {
        if pca != nil, model == nil { throw ValidationError("--pca needs --model") }
        if group != nil, model == nil { throw ValidationError("--group needs --model") }
        if signWith != nil, model == nil { throw ValidationError("--sign-with needs --model") }
    }

    func run() async throws {
        try await finish {
            try checkOutput()
            guard let model else { return try trainShipped() }
            let key = try signWith.map { try SigningKey(file: $0) }
            let set = try SiteWindows.read(inputs, of: group, shipped: .embedded())
            let line = ProgressLine()
            line.begin("training on \(counted(set.source.count + set.destination.count, "window"))")
            let site = try Trainer.train(set, kind: model, components: pca, seed: seed)
            line.clear()
            let bytes = try write(key.map { try site.file.signed(by: $0) } ?? site.file)
            return "\(output): \(model.rawValue) model \(site.name) from "
                + "\(counted(set.source.count, "source window")), "
                + "\(counted(set.destination.count, "destination window")), \(bytes.bytes)\n"
                + leftOut(of: set)
        }
    }

    /// What the model was not trained on, and why; empty if nothing was left out.
    private func leftOut(of set: TrainingSet) -> String {
        let counts = [
            (set.leftOut.odd, "window", "that looked like an attack"),
            (set.leftOut.quarantined, "window", "of hosts that there was a verdict on"),
            (set.leftOut.beyondShare, "window", "of hosts that had their share"),
            (set.outdated.recordings, "recording", "of other features than this version's"),
            (set.outdated.alerts, "judged alert", "whose features are not this version's, or not known"),
        ]
        let words = counts.filter { $0.0 > 0 }.map { "\(counted($0.0, $0.1)) \($0.2)" }
        return words.isEmpty ? "" : "left out: \(words.joined(separator: "; "))\n"
    }

    private func trainShipped() throws -> String {
        var training = ShippedModelTraining()
        let progress = ReplayProgress(of: inputs.count)
        for path in inputs {
            try SiteWindows.readings(of: path, every: Configuration().interval, progress) {
                training.add($0)
            }
            training.endCapture()
        }
        let line = ProgressLine()
        line.begin("training on \(counted(training.count.source + training.count.destination, "window"))")
        let model = try training.train(name: name)
        line.clear()
        let bytes = try write(model.file)
        return "\(output): model \(name) from \(counted(training.count.source, "source window")), "
            + "\(counted(training.count.destination, "destination window")), \(bytes.bytes)\n"
    }

    /// Throws at once what would fail after all the work.
    private func checkOutput() throws {
        let folder = URL(fileURLWithPath: output).deletingLastPathComponent().path
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw ValidationError("\(output) cannot be written: \(folder) is no folder that takes files")
        }
    }

    private func write(_ file: ModelFile) throws -> Double {
        let bytes = Data(file.bytes)
        try bytes.write(to: URL(fileURLWithPath: output), options: .atomic)
        return Double(bytes.count)
    }
}

/// A number of principal components, or a share of the variance.
private func parseComponents(_ text: String) throws -> PrincipalAxes.Limit {
    if let count = Int(text), (1...FeatureSchema.count).contains(count) { return .count(count) }
    if let share = Double(text), share > 0, share < 1 { return .share(share) }
    throw ValidationError(
        "`\(text)` is no number of components; expected 1 to \(FeatureSchema.count), or a share such as 0.95")
}
