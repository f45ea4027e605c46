import API
import Control
import Detection
import Features
import Foundation
import Models
import Signing
import Store
import Testing
import Traffic

extension EndToEnd {
    @Suite("Whose models the agent takes")
    struct SignedModelTests {
        /// A model of a few windows.
        static func model(seed: UInt64, shift: Float = 0) throws -> SiteModel {
            let set = TrainingSet(try WindowTable(table(seed: seed, shift: shift)), shipped: try .embedded())
            return try Trainer.train(set, kind: .kmeans, seed: seed)
        }

        /// Sixty windows of each view.
        static func table(seed: UInt64, shift: Float = 0) -> String {
            var random = SeededGenerator(seed: seed)
            var lines = ["view,label," + FeatureSchema.features.map(\.name).joined(separator: ",")]
            for row in 0..<120 {
                let values = FeatureSchema.features.map { _ in "\(random.normal() + shift)" }
                lines.append("\(row % 2 == 0 ? "source" : "destination"),,\(values.joined(separator: ","))")
            }
            return lines.joined(separator: "\n")
        }

        static func save(
            _ model: SiteModel, _ file: ModelFile, as role: SavedModel.Role = .champion, in site: Site
        ) throws {
            try Store(path: "\(site.folder.path)/sluice.db").save(
                SavedModel(
                    id: model.name, group: model.group, trained: .init(seconds: 1), role: role,
                    since: .init(seconds: 1),
                    metadata: "{}", data: file.bytes))
        }

        @Test("It goes on with the model that it signed, and takes one of a trusted agent, but of no other")
        func takes() async throws {
            try await withSite { site in
                let database = "\(site.folder.path)/sluice.db"
                let (own, other) = (
                    try SigningKey(file: SigningKey.path(beside: database)), SigningKey()
                )
                let first = try Self.model(seed: 1)
                try Self.save(first, try first.file.signed(by: own), in: site)
                let trust = "models: {trusted_keys: [\"\(other.publicKey)\"]}\n"
                let agent = try await RunningAgent(site, with: trust)
                let status = try await agent.client.status()
                #expect(!status.model.isBuiltIn && status.warnings.isEmpty, "\(status.warnings)")
                #expect(try await agent.sluice("model key").output == own.publicKey + "\n")

                let second = try Self.model(seed: 2)
                let path = site.folder.appending(path: "second.safetensors")
                let refused: [(ModelFile, String)] = [
                    (second.file, "has no signature"),
                    (try second.file.signed(by: SigningKey()), "which is not trusted"),
                ]
                for (file, words) in refused {
                    try Data(file.bytes).write(to: path)
                    let outcome = try await agent.sluice("model import \(path.path)")
                    #expect(outcome.status == 5 && outcome.error.contains(words), "\(outcome)")
                }
                let signed = try second.file.signed(by: other)
                try Data(signed.bytes).write(to: path)
                #expect(try await agent.sluice("model verify \(path.path)").status == 0)
                let outcome = try await agent.sluice("model import \(path.path)")
                #expect(outcome.status == 0, "\(outcome)")
                #expect(try await agent.client.model(second.name).data == Data(signed.bytes))
                #expect(try await agent.stop().status == 0)

                // Once the other one is not trusted any more, its trial is over.
                let next = try await RunningAgent(site)
                let roles = try await next.client.models().map { "\($0.id) \($0.role)" }
                #expect(Set(roles) == ["\(first.name) champion", "\(second.name) rejected"])
                let promotion = try await next.sluice("model promote \(second.name)")
                #expect(promotion.status == 5 && promotion.error.contains("not trusted"), "\(promotion)")
                #expect(try await next.stop().status == 0)
            }
        }

        @Test("A model from before models were signed is a warning, and is learned anew")
        func unsigned() async throws {
            try await withSite { site in
                let model = try Self.model(seed: 1)
                try Self.save(model, model.file, in: site)
                let agent = try await RunningAgent(site)
                let status = try await agent.client.status()
                #expect(status.model.isBuiltIn)
                #expect(
                    status.warnings.contains {
                        $0.contains("\(model.name) cannot be used and is learned anew")
                            && $0.contains("no signature")
                    })
                #expect(try await agent.stop().status == 0)
            }
        }
    }
}
