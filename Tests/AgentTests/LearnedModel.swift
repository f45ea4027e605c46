import Detection
import Foundation
import Models
import Signing
import Store
import Testing
import Traffic

/// The model of a site where a few clients fetch small pages and nothing else ever happens: to it, all else is out of the ordinary.
///
/// Of more than fifteen minutes, so that the agent judges by it alone. Trained once.
enum LearnedModel {
    private static let file = Task {
        let folder = FileManager.default.temporaryDirectory.appending(path: "sluice-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var tape = Tape()
        tape.usual(from: 0, for: 1_000)
        let (capture, model) = (folder.appending(path: "usual.pcap"), folder.appending(path: "model"))
        try tape.pcap.write(to: capture)
        let training = try Program(
            [sluicePath, "train", "--model", "autoencoder", "--output", model.path, capture.path],
            files: folder)
        let outcome = try await training.ended(within: .seconds(120))
        try #require(outcome.status == 0, "\(outcome.error)")
        return try Array(Data(contentsOf: model))
    }

    /// Has the agent of a site begin with it.
    static func install(in site: Site) async throws {
        let database = "\(site.folder.path)/sluice.db"
        let key = try SigningKey(file: SigningKey.path(beside: database))
        let model = try SiteModel(file: ModelFile(await file.value))
        try EndToEnd.SignedModelTests.save(model, try model.file.signed(by: key), in: site)
    }
}
