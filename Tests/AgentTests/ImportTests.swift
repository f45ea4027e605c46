import API
import Control
import Features
import Foundation
import Models
import Signing
import Store
import TestSupport
import Testing
import Traffic

@testable import Detection

extension EndToEnd {
    /// Models that were not trained just now, and the stored attacks that are tried on them.
    @Suite("Imported models", .optimized)
    struct ImportTests {
        private static let attack = CanaryAttack.guessing

        /// A model to which guessing is as usual as anything else.
        private static func blind(seed: UInt64) throws -> SiteModel {
            var set = TrainingSet(
                try WindowTable(SignedModelTests.table(seed: seed)), shipped: try .embedded())
            let windows = Canaries.windows(of: attack)
            for row in windows.windows.indices {
                set.add(Array(windows.features(of: row)), of: .source, isAttack: false)
            }
            return try Trainer.train(set, kind: .kmeans, seed: seed)
        }

        private func state(_ id: String, _ agent: RunningAgent) async throws -> ModelReport? {
            try await agent.client.models().first { $0.id == id }
        }

        /// Waits until stored attacks were tried on a model, and returns what is known of it then.
        private func outcome(_ id: String, _ agent: RunningAgent) async throws -> ModelReport {
            let isTried = try await eventually(within: .seconds(40)) {
                let state = try await state(id, agent)
                return state?.trial != nil || state?.role == "rejected"
            }
            try #require(isTried, "\(agent.program.text)")
            return try #require(try await state(id, agent))
        }

        private func events(of id: String, _ agent: RunningAgent) async throws -> [String] {
            try await agent.client.events(EventQuery()).map(\.text).filter { $0.hasPrefix(id + " ") }
        }

        @Test("One that misses a stored attack is not tried, and not put in use by hand but by force")
        func blind() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, knowing: .learned)
                let champion = try #require(try await agent.client.models().first?.id)
                let key = try SigningKey(file: SigningKey.path(beside: "\(site.folder.path)/sluice.db"))
                let blind = try Self.blind(seed: 1)
                let file = site.folder.appending(path: "blind.safetensors")
                try Data(try blind.file.signed(by: key).bytes).write(to: file)

                let answer = try await agent.sluice("model import \(file.path)")
                #expect(answer.status == 0 && answer.output.contains("if it finds what"), "\(answer)")
                let outcome = try await outcome(blind.name, agent)
                #expect(outcome.role == "rejected" && outcome.trial == nil, "\(outcome)")
                #expect(
                    outcome.note.hasPrefix("it does not find ")
                        && outcome.note.contains(Self.attack.name), "\(outcome)")
                let list = try await agent.sluice("model list").output
                #expect(list.contains("rejected") && list.contains("it does not find"), "\(list)")
                let words = "failed its trial and is not used: \(outcome.note)"
                #expect(try await events(of: blind.name, agent) == ["\(blind.name) \(words)"])
                let trail = try await agent.sluice("audit --kind model --format json").output
                #expect(trail.contains("imported") && trail.contains(words), "\(trail)")

                let refusal = try await agent.sluice("model promote \(blind.name)")
                #expect(
                    refusal.status == 5 && refusal.error.contains(Self.attack.name)
                        && refusal.error.contains("--force"), "\(refusal)")
                #expect(try await agent.client.status().model.id.hasSuffix(champion))

                let forced = try await agent.sluice("model promote --force \(blind.name)")
                #expect(forced.output == "The model \(blind.name) is in use.\n", "\(forced)")
                #expect(try await agent.client.status().model.id.hasSuffix(blind.name))
                let forcedTrail = try await agent.sluice("audit --kind model --format json").output
                #expect(forcedTrail.contains("promoted without trying the stored attacks"), "\(forcedTrail)")
                // What the one before finds, the blind one does not; back is no loss.
                #expect(try await agent.sluice("model rollback").status == 0)
                #expect(try await agent.client.status().model.id.hasSuffix(champion))
                // And forth it is again.
                #expect(try await agent.sluice("model rollback").status == 5)
                #expect(try await agent.sluice("model rollback --force").status == 0)
                #expect(try await agent.stop().status == 0)
            }
        }

        @Test(
            "One that finds them all is tried, and again by the next agent; one that was let in unseen is not"
        )
        func seeing() async throws {
            try await withSite { site in
                let agent = try await RunningAgent(site, knowing: .learned)
                let database = "\(site.folder.path)/sluice.db"
                let key = try SigningKey(file: SigningKey.path(beside: database))
                let champion = try #require(try await agent.client.models().first?.id)
                // The same, by another name.
                var twin = try ModelFile(Array(try await agent.client.model(champion).data))
                twin.metadata["name"] = "twin"
                let file = site.folder.appending(path: "twin.safetensors")
                try Data(try twin.signed(by: key).bytes).write(to: file)
                #expect(try await agent.sluice("model import \(file.path)").status == 0)
                let outcome = try await outcome("twin", agent)
                #expect(outcome.role == "challenger" && outcome.note == "on trial", "\(outcome)")
                let began = ["twin judges beside the model in use, for its trial"]
                #expect(try await events(of: "twin", agent) == began)
                #expect(try await agent.stop().status == 0)

                let next = try await RunningAgent(site)
                #expect(try await self.outcome("twin", next).role == "challenger")
                #expect(try await events(of: "twin", next) == began)
                #expect(try await next.stop().status == 0)

                // As an agent left it that stopped, or knew no better.
                let blind = try Self.blind(seed: 2)
                try SignedModelTests.save(
                    blind, try blind.file.signed(by: key), as: .challenger, in: site)
                let last = try await RunningAgent(site)
                let refused = try await self.outcome(blind.name, last)
                #expect(refused.role == "rejected" && refused.note.contains(Self.attack.name), "\(refused)")
                #expect(try await last.client.status().model.id.hasSuffix(champion))
                #expect(try await last.stop().status == 0)
            }
        }
    }
}
